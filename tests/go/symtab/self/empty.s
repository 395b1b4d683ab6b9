// So that functions may be declared without a body.
