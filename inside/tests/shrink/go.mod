module shrink

go 1.23
