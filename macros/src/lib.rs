//! The attributes of the crate `gort`, which exports them. Nothing else should depend on this crate.

use proc_macro::TokenStream;
use quote::quote;
use syn::{Error, ItemFn, Result};

/// Makes `fn main` the program's main goroutine, with Go's exit semantics: the program ends when it returns, whatever other
/// goroutines do; a panic that leaves it prints Go's report and ends the program with status 2.
///
/// It may return what a `main` of Rust may: `Result`, `ExitCode`. The attribute stands for
/// `fn main() { gort::run_main(|| { .. }) }`.
///
/// ```
/// #[gort::main]
/// fn main() {
///     let c = gort::chan::<&str>(0);
///     let tx = c.clone();
///     gort::go!(tx.send("hello"));
///     println!("{:?}", c.recv());
/// }
/// ```
#[proc_macro_attribute]
pub fn main(args: TokenStream, item: TokenStream) -> TokenStream {
    match parse("gort::main", args, item) {
        Ok(f) => {
            let (attrs, vis, name, output) = (&f.attrs, &f.vis, &f.sig.ident, &f.sig.output);
            let block = &f.block;
            // The inner function has the outer one's name, so that tracebacks show it.
            quote! {
                #(#attrs)*
                #vis fn #name() {
                    fn #name() #output #block
                    ::gort::run_main(#name)
                }
            }
            .into()
        }
        Err(e) => e.into_compile_error().into(),
    }
}

/// The function under an attribute without arguments: a plain one, without parameters.
fn parse(attribute: &str, args: TokenStream, item: TokenStream) -> Result<ItemFn> {
    if let Some(t) = args.into_iter().next() {
        return Err(Error::new(t.span().into(), format!("#[{attribute}] takes no arguments")));
    }
    let f: ItemFn = syn::parse(item)?;
    let s = &f.sig;
    if let Some(t) = &s.asyncness {
        let text = format!(
            "#[{attribute}]: the function of a goroutine is not async: what waits parks the goroutine"
        );
        return Err(Error::new_spanned(t, text));
    }
    if !s.inputs.is_empty() {
        return Err(Error::new_spanned(
            &s.inputs,
            format!("#[{attribute}]: the function takes no parameters"),
        ));
    }
    if !s.generics.params.is_empty() {
        return Err(Error::new_spanned(&s.generics, format!("#[{attribute}]: the function is not generic")));
    }
    Ok(f)
}
