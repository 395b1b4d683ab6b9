// Package encoding/json: there and back, tags, errors, streams.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
)

type inner struct {
	A int     `json:"a"`
	B *string `json:"b,omitempty"`
}
type outer struct {
	Name   string                 `json:"name"`
	Skip   int                    `json:"-"`
	N      float64                `json:",string"`
	List   []inner                `json:"list"`
	M      map[string]interface{} `json:"m"`
	Raw    json.RawMessage        `json:"raw"`
	Any    interface{}            `json:"any"`
	hidden int
	inner
}
type temp float64

func (t temp) MarshalJSON() ([]byte, error) { return []byte(fmt.Sprintf(`"%.1fC"`, float64(t))), nil }
func (t *temp) UnmarshalJSON(b []byte) error {
	_, err := fmt.Sscanf(string(b), `"%gC"`, (*float64)(t))
	return err
}

func main() {
	s := "text"
	o := outer{"n<>&", 1, 2.5, []inner{{1, nil}, {2, &s}}, map[string]interface{}{"z": 1, "a": []int{1}}, json.RawMessage(`{"x":1}`), nil, 3, inner{9, nil}}
	b, err := json.Marshal(o)
	fmt.Println(string(b), err)
	var back outer
	fmt.Println(json.Unmarshal(b, &back), back.Name, back.N, len(back.List), *back.List[1].B, back.M, back.A)
	b, _ = json.MarshalIndent(map[string]interface{}{"k": []interface{}{1, "two", nil, true, map[string]int{}}}, ">", "  ")
	fmt.Println(string(b))
	var v interface{}
	json.Unmarshal([]byte(`{"a":[1,2.5,"x\u00e4\n",null,true],"b":{"c":1e3}}`), &v)
	fmt.Println(v)
	b, err = json.Marshal([]temp{20.5})
	fmt.Println(string(b), err)
	var ts []temp
	fmt.Println(json.Unmarshal(b, &ts), ts)
	for _, bad := range []string{`{`, `{"a":}`, `[1,]`, `nul`, `{"name":5}`, `"x`, ``, `{"list":[{"a":"s"}]}`, `{"a":1} x`} {
		var o outer
		err := json.Unmarshal([]byte(bad), &o)
		fmt.Printf("%T %v\n", err, err)
	}
	_, err = json.Marshal(math.NaN())
	fmt.Println(err)
	_, err = json.Marshal(func() {})
	fmt.Println(err)
	_, err = json.Marshal(map[bool]int{true: 1})
	fmt.Println(err)
	fmt.Println(json.Unmarshal([]byte("1"), nil))
	d := json.NewDecoder(strings.NewReader(`{"a":1} {"a":2} [3]`))
	for {
		var x interface{}
		if err := d.Decode(&x); err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(x)
	}
	d = json.NewDecoder(strings.NewReader(`{"unknown":1}`))
	d.DisallowUnknownFields()
	fmt.Println(d.Decode(&inner{}))
	d = json.NewDecoder(strings.NewReader(`12345678901234567890`))
	d.UseNumber()
	var num json.Number
	fmt.Println(d.Decode(&num), num)
	e := json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	e.Encode("<tag>")
	var buf bytes.Buffer
	json.Compact(&buf, []byte(` { "a" : [ 1 , 2 ] } `))
	fmt.Println(buf.String(), json.Valid([]byte(`[]`)), json.Valid([]byte(`[`)))
}
