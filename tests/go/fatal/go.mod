module fatal

go 1.23
