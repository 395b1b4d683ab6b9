package words

import "example.com/module/words/deep"

func init() { println("words begins") }

func Say(s string, to chan<- string) { to <- s + deep.Mark() }

func Fail(why string) { panic(deep.Error(why)) }
