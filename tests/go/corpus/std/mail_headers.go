// Packages that use nothing of golang.org/x themselves, and are initialised after some that do:
// headers and addresses of mail.
package main

import (
	"bufio"
	"fmt"
	"io"
	"mime/multipart"
	"net/mail"
	"net/textproto"
	"strings"
)

func main() {
	a, err := mail.ParseAddress("Ada Lovelace <ada@example.com>")
	fmt.Println(a, err)
	_, err = mail.ParseAddress("nobody@")
	fmt.Println(err != nil)

	r := textproto.NewReader(bufio.NewReader(strings.NewReader("subject: a\r\n b\r\nTo: c\r\n\r\n")))
	h, err := r.ReadMIMEHeader()
	fmt.Println(h, err)

	text := "--x\r\nA: 1\r\n\r\nfirst\r\n--x\r\nA: 2\r\n\r\nsecond\r\n--x--\r\n"
	for parts := multipart.NewReader(strings.NewReader(text), "x"); ; {
		p, err := parts.NextPart()
		if err != nil {
			fmt.Println(err)
			break
		}
		b, err := io.ReadAll(p)
		fmt.Println(p.Header.Get("A"), string(b), err)
	}
}
