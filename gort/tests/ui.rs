//! What the compiler says of programs that are not right. `TRYBUILD=overwrite` records it.

#[test]
fn messages() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
