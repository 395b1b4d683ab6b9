module ready

go 1.23
