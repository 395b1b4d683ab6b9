package main

import "example.com/module/words/deep"

func greeting() string { return deep.Hello }
