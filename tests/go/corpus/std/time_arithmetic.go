// Package time without the present: dates, durations, formats, zones.
package main

import (
	"fmt"
	"time"
)

func main() {
	t := time.Date(2024, time.February, 29, 23, 59, 58, 123456789, time.UTC)
	fmt.Println(t, t.Unix(), t.UnixNano(), t.Weekday(), t.YearDay())
	fmt.Println(t.Add(2*time.Second), t.AddDate(1, 0, 0), t.AddDate(0, 1, 1))
	y, w := t.ISOWeek()
	fmt.Println(y, w, t.Truncate(time.Hour), t.Round(time.Minute))
	for _, l := range []string{time.RFC3339Nano, time.RFC1123, time.Kitchen, time.ANSIC, time.StampMicro, "2006-01-02 15:04:05.000", "Mon Jan _2 3PM '06", "002"} {
		s := t.Format(l)
		back, err := time.Parse(l, s)
		fmt.Println(s, back.Format(time.RFC3339), err)
	}
	_, err := time.Parse("2006-01-02", "2024-13-01")
	fmt.Println(err)
	_, err = time.Parse(time.RFC3339, "yesterday")
	fmt.Println(err)
	z := time.FixedZone("EAST", 5*3600+1800)
	fmt.Println(t.In(z), t.In(z).Equal(t), t.In(z) == t)
	for _, s := range []string{"1h30m", "1.5s", "-2us", "3d", "", "1h2m3s4ms5us6ns"} {
		d, err := time.ParseDuration(s)
		fmt.Println(d, err, d.Seconds())
	}
	d := 90*time.Minute + 30*time.Second + 5*time.Millisecond
	fmt.Println(d, d.Hours(), d.Round(time.Minute), d.Truncate(time.Hour), time.Duration(1<<63-1), time.Duration(0), 999*time.Nanosecond)
	u := t.Add(-36 * time.Hour)
	fmt.Println(t.Sub(u), u.Before(t), t.After(u), time.Time{}.IsZero(), time.Time{})
	b, _ := t.MarshalJSON()
	fmt.Println(string(b), time.Unix(1e9, 5).UTC(), time.UnixMilli(1234567890123).UTC(), time.Month(13), time.Saturday)
	var back time.Time
	fmt.Println(back.UnmarshalText([]byte("2020-01-02T03:04:05+01:00")), back.UTC())
}
