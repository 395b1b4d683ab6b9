module symtab

go 1.23
