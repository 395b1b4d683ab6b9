// Package text/template: pipelines, loops, functions, nested templates, errors.
package main

import (
	"fmt"
	"os"
	"strings"
	"text/template"
)

type item struct {
	Name string
	N    int
	Tags []string
}

func (i item) Double() int            { return 2 * i.N }
func (i item) Add(a int) (int, error) { return i.N + a, nil }
func (i item) Fail() (int, error)     { return 0, fmt.Errorf("failed for %s", i.Name) }

func main() {
	funcs := template.FuncMap{"upper": strings.ToUpper, "join": strings.Join}
	t := template.Must(template.New("main").Funcs(funcs).Parse(`{{define "tag"}}<{{.}}>{{end -}}
{{range $i, $x := .Items}}{{if $i}}, {{end}}{{$x.Name | upper | printf "%-5s"}}={{$x.N}}/{{$x.Double}}/{{$x.Add 10}}{{range .Tags}}{{template "tag" .}}{{else}}-{{end}}{{end}}
{{with .Title}}{{.}}{{else}}none{{end}} {{len .Items}} {{index .M "a"}} {{eq 1 1}} {{and true .Title}} {{or "" "x"}} {{not false}} {{lt 1 2}} {{slice "abcdef" 1 3}} {{html "<a>"}} {{js "it's"}} {{printf "%q" "s"}} {{/* comment */}}{{"raw" }} {{1.5}} {{'a'}} {{nil | printf "%v"}}
`))
	data := map[string]interface{}{
		"Items": []item{{"one", 1, nil}, {"two", 2, []string{"x", "y"}}},
		"Title": "The Title",
		"M":     map[string]int{"a": 7},
	}
	if err := t.Execute(os.Stdout, data); err != nil {
		fmt.Println(err)
	}
	for _, s := range []string{`{{.`, `{{end}}`, `{{range}}`, `{{foo}}`, `{{if true}}`, `{{template "none"}}`, `{{.Fail}}`, `{{.None}}`, `{{index .Tags 5}}`, `{{.Name.X}}`, `{{block "b" .}}{{.N}}{{end}}`} {
		t, err := template.New("t").Parse(s)
		if err != nil {
			fmt.Println("parse:", err)
			continue
		}
		var b strings.Builder
		err = t.Execute(&b, item{"n", 1, []string{"t"}})
		fmt.Printf("%q %v\n", b.String(), err)
	}
}
