package deep

const Hello = "hello"

func init() { println("deep begins") }

func Mark() string { return "!" }

type Error string

func (e Error) Error() string { return "deep: " + string(e) }
