// Package log without times: prefixes, places, Panic, Fatal.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
)

func helper(l *log.Logger) { l.Output(2, "from main") }

func main() {
	var buf bytes.Buffer
	l := log.New(&buf, "prefix: ", 0)
	l.Println("one", 2)
	l.Printf("%d\n", 3)
	l.SetFlags(log.Lmsgprefix | log.Lshortfile)
	l.Print("with file")
	helper(l)
	l.SetPrefix("other ")
	l.Print("end")
	fmt.Print(buf.String())
	fmt.Println(l.Prefix(), l.Flags(), log.Flags() == log.LstdFlags)
	func() {
		defer func() { fmt.Println("recovered", recover()) }()
		l.Panicf("panic %d", 1)
	}()
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	log.SetPrefix("std ")
	log.Println("goes out")
	defer fmt.Println("not run")
	log.Fatalln("fatal", 1)
}
