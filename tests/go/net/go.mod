module neterrors

go 1.23
