//! The attributes of the crate `gort`, which exports them. Nothing else should depend on this
//! crate.

use proc_macro::TokenStream;
use quote::quote;
use syn::parse::Parser;
use syn::{Error, Item, ItemFn, Meta, Result, ReturnType, Token, punctuated::Punctuated};

/// Makes `fn main` the program's main goroutine, with Go's exit semantics: the program ends when it
/// returns, whatever other goroutines do; a panic that leaves it prints Go's report and ends the
/// program with status 2.
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
    match parse("gort::main", args, item.clone()) {
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
        Err(e) => {
            // Something of that name, or the compiler would look for it too.
            let stub = match syn::parse::<ItemFn>(item.clone()) {
                Ok(f) => {
                    let name = f.sig.ident;
                    quote!(fn #name() {})
                }
                Err(_) => item.into(),
            };
            let e = e.into_compile_error();
            quote!(#e #stub).into()
        }
    }
}

/// Makes the function a `#[test]` that runs on a goroutine, with a verdict of its own:
/// `gort::test(|| { .. })`. Many of them run at once in one process.
///
/// It may return what a test of Rust may, and stand with `#[should_panic]` and `#[ignore]`.
/// Arguments:
/// * `bubble`: in a bubble, whose clock does not make one wait (`gort::test::bubble`);
/// * `leaks = "fail"`, `"tell"` (so it is without), `"allow"`: what happens about goroutines that
///   are left.
///
/// ```
/// #[gort::test]
/// fn sends() {
///     let c = gort::chan::<u32>(0);
///     let tx = c.clone();
///     gort::go!(tx.send(1));
///     assert_eq!(c.recv(), Some(1));
/// }
///
/// #[gort::test(bubble, leaks = "fail")]
/// fn waits() {
///     gort::time::sleep(std::time::Duration::from_secs(3600)); // at once
/// }
/// ```
#[proc_macro_attribute]
pub fn test(args: TokenStream, item: TokenStream) -> TokenStream {
    match expand_test(args, item) {
        Ok(t) => t,
        Err(e) => e.into_compile_error().into(),
    }
}

fn expand_test(args: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let (mut bubble, mut leaks) = (false, quote!(Tell));
    for meta in Punctuated::<Meta, Token![,]>::parse_terminated.parse(args)? {
        match &meta {
            Meta::Path(p) if p.is_ident("bubble") => bubble = true,
            Meta::NameValue(nv) if nv.path.is_ident("leaks") => {
                leaks = match quote!(#nv).to_string().rsplit(' ').next() {
                    Some("\"fail\"") => quote!(Fail),
                    Some("\"tell\"") => quote!(Tell),
                    Some("\"allow\"") => quote!(Allow),
                    _ => {
                        let text = "#[gort::test]: leaks is \"fail\", \"tell\" or \"allow\"";
                        return Err(Error::new_spanned(&nv.value, text));
                    }
                };
            }
            _ => {
                let text = "#[gort::test]: the arguments are `bubble` and `leaks = \"..\"`";
                return Err(Error::new_spanned(&meta, text));
            }
        }
    }
    let f = parse("gort::test", TokenStream::new(), item)?;
    let (attrs, vis, name, output) = (&f.attrs, &f.vis, &f.sig.ident, &f.sig.output);
    let block = &f.block;
    // What it returns need not be Send: it is judged where it is.
    let (outer, call) = match output {
        ReturnType::Default => (quote!(), quote!(#name())),
        ReturnType::Type(_, t) => {
            let is_result = matches!(&**t, syn::Type::Path(p)
                if p.path.segments.last().is_some_and(|s| s.ident == "Result"));
            let report = if is_result {
                // The report of std would go where nobody looks.
                quote!(match #name() {
                    Ok(v) => ::std::process::Termination::report(v),
                    Err(e) => ::gort::test::__failed(stringify!(#name), &e),
                })
            } else {
                quote!(::std::process::Termination::report(#name()))
            };
            (quote!(-> ::std::process::ExitCode), report)
        }
    };
    let body = if bubble { quote!(::gort::test::bubble(|| #call)) } else { call };
    // The inner function has the outer one's name, so that tracebacks show it.
    Ok(quote! {
        #[::core::prelude::v1::test]
        #(#attrs)*
        #vis fn #name() #outer {
            fn #name() #output #block
            ::gort::test::Config::new().leaks(::gort::test::Leaks::#leaks).run(|| #body)
        }
    }
    .into())
}

/// The function under an attribute without arguments: a plain one, without parameters.
fn parse(attribute: &str, args: TokenStream, item: TokenStream) -> Result<ItemFn> {
    if let Some(t) = args.into_iter().next() {
        return Err(Error::new(t.span().into(), format!("#[{attribute}] takes no arguments")));
    }
    let f: ItemFn = match syn::parse(item.clone()) {
        Ok(f) => f,
        // What is not right inside of a function says so itself.
        Err(e) if syn::parse::<Item>(item.clone()).is_err() => return Err(e),
        Err(_) => {
            let text = format!("#[{attribute}] stands above a function");
            let at = item.into_iter().next().map_or_else(proc_macro::Span::call_site, |t| t.span());
            return Err(Error::new(at.into(), text));
        }
    };
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
        return Err(Error::new_spanned(
            &s.generics,
            format!("#[{attribute}]: the function is not generic"),
        ));
    }
    Ok(f)
}
