// go:embed of a file as a string, as bytes, and as a file system (bug_embed_string). tests/tests/gomodule.rs has directories.
package main

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed embed_self.go
var text string

//go:embed "embed_self.go"
var data []byte

//go:embed *_self.go `embed_self.go`
var files embed.FS

func main() {
	fmt.Println(strings.HasPrefix(text, "// go:embed of a file"), len(text) == len(data), bytes.Count(data, []byte("//go:embed")))
	b, err := files.ReadFile("embed_self.go")
	fmt.Println(bytes.Equal(b, data), err)
	_, err = files.Open("no.go")
	fmt.Println(err)
	fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		fmt.Println(path, d.IsDir(), err)
		return nil
	})
}
