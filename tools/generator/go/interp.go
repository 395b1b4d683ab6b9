
// A program as data: objects, and statements that name an operation, its object, numbers and blocks
// of statements.

type stmt struct {
	op     string
	obj    int
	n      []int
	blocks [][]stmt
}

type objects struct {
	c []*ch
	m []*mu
	w *rw
	d *cond
	o *once
	l *latch
}

// tokens are what is left of the text.
type tokens struct{ text string }

func (t *tokens) next() string {
	for i := 0; i < len(t.text); i++ {
		if t.text[i] == ' ' {
			s := t.text[:i]
			t.text = t.text[i+1:]
			return s
		}
	}
	s := t.text
	t.text = ""
	return s
}

func (t *tokens) num() int {
	n, sign := 0, 1
	for _, c := range t.next() {
		if c == '-' {
			sign = -1
		} else {
			n = 10*n + int(c-'0')
		}
	}
	return sign * n
}

func (t *tokens) nums() []int {
	n := make([]int, t.num())
	for i := range n {
		n[i] = t.num()
	}
	return n
}

func (t *tokens) body() []stmt {
	b := make([]stmt, t.num())
	for i := range b {
		s := &b[i]
		s.op, s.obj, s.n = t.next(), t.num(), t.nums()
		s.blocks = make([][]stmt, t.num())
		for k := range s.blocks {
			s.blocks[k] = t.body()
		}
	}
	return b
}

func (p *objects) run(g string, body []stmt) {
	for i := range body {
		p.step(g, &body[i])
	}
}

func (p *objects) step(g string, s *stmt) {
	n := s.n
	block := func(i int) func() { return func() { p.run(g, s.blocks[i]) } }
	named := func(i int) func(string) { return func(g string) { p.run(g, s.blocks[i]) } }
	switch s.op {
	case "spawn":
		spawn(g, n[0], named(0))
	case "together":
		var fs []func(string)
		for i := range s.blocks {
			fs = append(fs, named(i))
		}
		together(g, fs...)
	case "repeat":
		repeat(g, n[0], block(0))
	case "quiet":
		quiet(g)
	case "try":
		try(g, block(0))
	case "deferred":
		deferred(g, block(0), block(1))
	case "throw":
		throw(g, n[0])
	case "exit":
		exit(g)
	case "yield":
		yield(g, n[0])
	case "locked":
		locked(g, block(0))
	case "count":
		count(g)
	case "forever":
		forever(g)
	case "c.send":
		p.c[s.obj].send(g, n[0])
	case "c.recv":
		p.c[s.obj].recv(g)
	case "c.trysend":
		p.c[s.obj].trysend(g, n[0])
	case "c.tryrecv":
		p.c[s.obj].tryrecv(g)
	case "c.drain":
		p.c[s.obj].drain(g)
	case "c.close":
		p.c[s.obj].close(g)
	case "sel":
		var ops []op
		for i := 1; i < len(n); i += 2 {
			ops = append(ops, op{p.c[n[i]], n[i+1]})
		}
		sel(g, n[0], ops...)
	case "m.with":
		p.m[s.obj].with(g, block(0))
	case "m.trylock":
		p.m[s.obj].trylock(g, block(0))
	case "w.read":
		p.w.read(g, block(0))
	case "w.write":
		p.w.write(g, block(0))
	case "d.wait":
		p.d.wait(g)
	case "d.signal":
		p.d.signal(g)
	case "d.broadcast":
		p.d.broadcast(g)
	case "o.do":
		p.o.do(g, block(0))
	case "l.done":
		p.l.done(g)
	case "l.wait":
		p.l.wait(g)
	case "fan":
		fan(g, n[0], n[1])
	case "tree":
		tree(g, n[0], n[1])
	case "pipeline":
		pipeline(g, n[0], n[1], n[2:]...)
	case "workers":
		workers(g, n[0], n[1], n[2], n[3], n[4])
	case "pairs":
		pairs(g, n[0], n[1], n[2])
	case "ring":
		ring(g, n[0], n[1], n[2])
	case "broadcast":
		broadcast(g, n[0], n[1])
	case "senders":
		senders(g, n[0], n[1])
	case "contend":
		contend(g, n[0], n[1], n[2], n[3])
	case "readers":
		readers(g, n[0], n[1], n[2])
	case "signals":
		signals(g, n[0], n[1])
	case "gates":
		gates(g, n[0])
	case "choose":
		choose(g, n[0], n[1])
	case "threads":
		threads(g, n[0], n[1])
	case "exits":
		exits(g, n[0])
	case "timers":
		timers(g, n...)
	case "procs":
		procs(g, n[0])
	case "finish":
		finish(g, n[0])
	default:
		print("no such operation: " + s.op + "\n")
		syscall.Exit(3)
	}
}

func main() {
	text, _ := syscall.Getenv("GORT_PROGRAM")
	t := &tokens{text}
	p := &objects{w: &rw{name: "w0"}, d: newcond("d0"), o: &once{name: "o0"}}
	for i, n := range t.nums() {
		p.c = append(p.c, newch("c"+itoa(i), n))
	}
	for i := t.num(); i > 0; i-- {
		p.m = append(p.m, &mu{name: "m" + itoa(len(p.m))})
	}
	p.l = newlatch("l0", t.num())
	body := t.body()
	align()
	p.run("main", body)
}
