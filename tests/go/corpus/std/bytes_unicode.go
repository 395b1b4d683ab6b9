// Packages bytes, unicode, unicode/utf8, path, html, encoding/hex, base64, binary, csv, hashes.
package main

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"html"
	"net/url"
	"os"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

func main() {
	b := []byte("some bytes, some more")
	fmt.Println(bytes.Contains(b, []byte("bytes")), bytes.Count(b, []byte("some")), bytes.Equal(b, b[:3]), bytes.Fields(b)[1], string(bytes.ToUpper(b)))
	var buf bytes.Buffer
	buf.WriteString("buffer ")
	buf.Write([]byte{65, 66})
	line, err := buf.ReadString(' ')
	fmt.Printf("%q %v %q\n", line, err, buf.Bytes())
	fmt.Println(unicode.IsUpper('Ä'), unicode.Is(unicode.Han, '日'), utf8.RuneCountInString("日本x"), utf8.ValidString("\xff"))
	r, n := utf8.DecodeRuneInString("日")
	fmt.Println(r, n, path.Join("a", "../b", "c"), path.Base("/x/y.go"), path.Ext("y.tar.gz"), path.Clean("/a/./b//../c"))
	fmt.Println(html.EscapeString("<a href='x'>"), html.UnescapeString("&lt;&eacute;&#65;"), url.QueryEscape("a b&c"))
	u, err := url.Parse("https://user:pw@host:80/p/a?q=1&r=2#frag")
	fmt.Println(u.Host, u.Port(), u.Path, u.Query()["r"], u.Fragment, u.User.Username(), err)
	fmt.Println(hex.EncodeToString([]byte("hex")), base64.StdEncoding.EncodeToString([]byte("base64?>")), base64.URLEncoding.EncodeToString([]byte("base64?>")))
	_, err = hex.DecodeString("zz")
	fmt.Println(err)
	_, err = base64.StdEncoding.DecodeString("!!")
	fmt.Println(err)
	bin := make([]byte, 8)
	binary.LittleEndian.PutUint32(bin, 0xdeadbeef)
	binary.BigEndian.PutUint16(bin[4:], 0x1234)
	fmt.Println(bin, binary.PutUvarint(bin, 300), bin[:2])
	fmt.Printf("%x\n%x\n%08x\n", md5.Sum([]byte("x")), sha256.Sum256([]byte("x")), crc32.ChecksumIEEE([]byte("x")))
	recs, err := csv.NewReader(strings.NewReader("a,\"b,c\"\n1,2\n")).ReadAll()
	fmt.Println(recs, err)
	w := csv.NewWriter(os.Stdout)
	w.Write([]string{"x y", "q\"q", "a,b"})
	w.Flush()
}
