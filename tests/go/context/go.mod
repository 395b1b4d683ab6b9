module gort.test/context

go 1.23
