module example.com/module

go 1.23.1

toolchain go1.23.2
