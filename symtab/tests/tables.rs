//! The builder against the decoder, and tables that are wrong.

mod dump;

use gort as _;
use gort_symtab::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const TEXT: usize = 0x40_0000;

/// What a function is told to have, place by place: the model.
#[derive(Clone, Debug)]
struct Model {
    name: String,
    size: u32,
    args: i32,
    start_line: i32,
    pcsp: BTreeMap<u32, i32>,
    lines: BTreeMap<u32, (usize, i32)>,
    /// Return address: words of the locals, words of the arguments.
    maps: BTreeMap<u32, (Vec<i32>, Vec<i32>)>,
    entry: Vec<i32>,
    objects: Vec<(i32, i32, Vec<i32>)>,
    unsafe_ranges: Vec<(u32, u32)>,
}

fn words(w: Vec<bool>, from: i32) -> Vec<i32> {
    (from..).step_by(8).zip(w).filter(|w| w.1).map(|w| w.0).collect()
}

prop_compose! {
    fn function()(
        size in prop_oneof![20 => 1u32..40, 20 => 40u32..800, 1 => 9000u32..12_000],
        args in 0i32..5,
        start_line in 0i32..1_000_000,
        frame in prop_oneof![1i32..10, 10i32..1000],
    )(
        size in Just(size), args in Just(args), start_line in Just(start_line), frame in Just(frame),
        // Each place is at least 2, so that the entry has no frame and the first call is not at it.
        pcsp in prop::collection::btree_map(2u32.., 0..=frame, 0..8),
        lines in prop::collection::btree_map(0u32.., (0usize..3, 0i32..2_000_000), 0..12),
        maps in prop::collection::btree_map(any::<u32>(), (prop::collection::vec(any::<bool>(), frame as usize),
            prop::collection::vec(any::<bool>(), args as usize)), 0..6),
        entry in prop::collection::vec(any::<bool>(), args as usize),
        cuts in prop::collection::btree_set(1..=frame, 0..6),
        bits in prop::collection::vec(any::<bool>(), frame as usize),
        ranges in prop::collection::btree_set(any::<u32>(), 0..6),
    ) -> Model {
        let at = |a: u32| a % size;
        // Up to the saved rbp there is a word for each of `frame`, where the table says so.
        let mut pcsp: BTreeMap<u32, i32> = pcsp.into_iter().map(|(a, v)| (at(a).max(1), v * 8)).filter(|p| p.0 < size).collect();
        if size > 2 {
            pcsp.insert(1, frame * 8 + 8);
        }
        let frame = pcsp.values().max().map_or(0, |v| v / 8 - 1).max(0);
        let delta = |a: u32| pcsp.range(..=a).last().map_or(0, |p| *p.1);
        let maps = maps.into_iter().map(|(a, (l, g))| {
            let ret = at(a) + 1;
            // Words above `varp` minus the frame at that place are not there.
            let room = (delta(ret - 1) / 8 - 1).max(0).min(frame);
            let l = words(l.into_iter().take(room as usize).collect(), -room * 8);
            (ret, (l, words(g, 0)))
        }).collect();
        let cuts: Vec<i32> = cuts.into_iter().filter(|&c| c <= frame).collect();
        let objects = cuts.windows(2).map(|w| {
            let size = (w[1] - w[0]) * 8;
            (-w[1] * 8, size, words(bits[w[0] as usize..w[1] as usize].to_vec(), 0))
        }).collect();
        let ranges: Vec<u32> = ranges.into_iter().map(at).collect::<std::collections::BTreeSet<_>>().into_iter().collect();
        let unsafe_ranges = ranges.chunks_exact(2).map(|r| (r[0], r[1])).collect();
        let lines = lines.into_iter().map(|(a, l)| (at(a), l)).collect();
        Model { name: String::new(), size, args: args * 8, start_line, pcsp, lines, maps, entry: words(entry, 0), objects, unsafe_ranges }
    }
}

fn build(functions: &[Model]) -> ModuleBuilder {
    let mut m = ModuleBuilder::new("m");
    let files: Vec<FileId> = (0..3).map(|i| m.file(&format!("file{i}.x"))).collect();
    let mut start = 0;
    for f in functions {
        let mut b = Function::new(&f.name, start, start + f.size);
        start += f.size;
        b.args(f.args, &f.entry).pcsp(&f.pcsp.iter().map(|p| (*p.0, *p.1)).collect::<Vec<_>>());
        for (at, (file, line)) in &f.lines {
            b.line(*at, files[*file], *line);
        }
        b.start_line(f.start_line);
        for (ret, (l, a)) in &f.maps {
            b.stack_map(*ret, l, a);
        }
        for (off, size, ptrs) in &f.objects {
            b.object(*off, *size, ptrs);
        }
        for r in &f.unsafe_ranges {
            b.unsafe_range(r.0, r.1);
        }
        m.add(b);
    }
    m
}

/// Everything that was told is found again, at each pc.
fn compare(m: &'static Moduledata, functions: &[Model]) {
    let mut start = TEXT;
    for model in functions {
        let last = |pc: usize, map: &BTreeMap<u32, i32>| {
            map.range(..=((pc - start) as u32)).last().map(|p| *p.1)
        };
        let mut f = FuncInfo::default();
        for pc in start..start + model.size as usize {
            f = m.findfunc(pc);
            assert_eq!((funcname(f), f.entry()), (&model.name[..], start));
            let line = model.lines.range(..=((pc - start) as u32)).last();
            match line {
                Some((_, (file, line))) => {
                    assert_eq!(funcline(f, pc), (&format!("file{file}.x")[..], *line))
                }
                None => assert_eq!(funcline(f, pc), ("?", 0)),
            }
            let delta = last(pc, &model.pcsp).unwrap_or(0);
            assert_eq!(funcspdelta(f, pc), delta, "{pc:#x} of {model:?}");
            let hit =
                model.unsafe_ranges.iter().any(|r| (r.0..r.1).contains(&((pc - start) as u32)));
            assert_eq!(pcdatavalue(f, PCDATA_UNSAFE_POINT, pc), if hit { -2 } else { -1 });

            // As a return address: what getStackMap finds. Without a map, that of the entry.
            let fp = 0x7000_0000;
            let sp = fp - 8 - delta as usize;
            let varp = if delta == 0 { fp - 8 } else { fp - 16 };
            let frame = Stkframe { f, pc: pc + 1, continpc: pc + 1, sp, fp, varp, argp: fp, lr: 0 };
            let (locals, args) = frame.get_stack_map();
            let none = (Vec::new(), model.entry.clone());
            let (wl, wa) = model.maps.get(&((pc + 1 - start) as u32)).unwrap_or(&none);
            let got: Vec<i32> = locals
                .iter()
                .enumerate()
                .filter(|b| b.1)
                .map(|b| (b.0 as i32 - locals.n) * 8)
                .collect();
            assert_eq!(got, *wl, "locals at {pc:#x} of {model:?}");
            let got: Vec<i32> =
                args.iter().enumerate().filter(|b| b.1).map(|b| b.0 as i32 * 8).collect();
            assert_eq!(got, *wa);
            assert_eq!(frame.arg_bytes(), model.args as usize);
        }
        assert_eq!(f.start_line, model.start_line);
        assert_eq!(func_max_sp_delta(f), model.pcsp.values().copied().max().unwrap_or(0).max(0));
        let mut objects = model.objects.clone();
        objects.sort();
        let got: Vec<_> = stack_objects(f)
            .map(|o| {
                let bits = o.gcdata(f);
                let ptrs = (0..o.ptrdata() as i32)
                    .step_by(8)
                    .filter(|i| bits[*i as usize / 64] >> (i / 8 % 8) & 1 != 0);
                (o.off, o.size, ptrs.collect::<Vec<_>>())
            })
            .collect();
        assert_eq!(got, objects);
        // At the entry itself the map is the entry's, whatever the first instruction is.
        let frame = Stkframe {
            f,
            pc: start,
            continpc: start,
            sp: 0x1000,
            fp: 0x1008,
            varp: 0x1000,
            argp: 0x1008,
            lr: 0,
        };
        let (locals, args) = frame.get_stack_map();
        let got: Vec<i32> =
            args.iter().enumerate().filter(|b| b.1).map(|b| b.0 as i32 * 8).collect();
        assert_eq!((locals.n, got), (0, model.entry.clone()));
        start += model.size as usize;
    }
    assert!(!m.findfunc(TEXT - 1).valid() && !m.findfunc(start).valid());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn builder_and_decoder(mut functions in prop::collection::vec(function(), 1..24)) {
        for (i, f) in functions.iter_mut().enumerate() {
            f.name = format!("pkg.f{i}");
        }
        let m = build(&functions).check(TEXT).unwrap_or_else(|e| panic!("{e}"));
        compare(Box::leak(Box::new(m)), &functions);
    }

    /// Numbers of all sizes.
    #[test]
    fn varints(lines in prop::collection::vec(any::<i32>().prop_map(|l| l.max(0)), 1..20), step in prop_oneof![1u32..3, 1u32..100_000_000]) {
        let mut m = ModuleBuilder::new("m");
        let file = m.file("a.x");
        let mut f = Function::new("f", 0, lines.len() as u32 * step);
        for (i, l) in lines.iter().enumerate() {
            f.line(i as u32 * step, file, *l);
        }
        m.add(f);
        let m: &'static Moduledata = Box::leak(Box::new(m.check(TEXT).unwrap()));
        for (i, l) in lines.iter().enumerate() {
            let at = TEXT + i * step as usize;
            let f = m.findfunc(at);
            assert_eq!(funcline(f, at).1, *l);
            assert_eq!(funcline(f, at + step as usize - 1).1, *l);
        }
    }
}

/// Functions of a byte or two: more than 256 in a bucket of the index.
#[test]
fn small_functions() {
    let mut m = ModuleBuilder::new("m");
    let n = 10_000;
    for i in 0..n {
        m.add(Function::new(&format!("f{i}"), i, i + 1));
    }
    m.add(Function::new("large", n, n + 20_000));
    m.add(Function::new("last", n + 20_000, n + 20_001));
    let m = m.check(TEXT).unwrap();
    for i in 0..n {
        assert_eq!(funcname(m.findfunc(TEXT + i as usize)), format!("f{i}"));
    }
    for i in n..n + 20_000 {
        assert_eq!(funcname(m.findfunc(TEXT + i as usize)), "large");
    }
    assert_eq!(funcname(m.findfunc(TEXT + n as usize + 20_000)), "last");
}

/// One of each kind of thing.
fn module() -> ModuleBuilder {
    let mut m = ModuleBuilder::new("prime");
    let file = m.file("prime.x");
    let mut f = Function::new("main.walk", 0, 0x80);
    f.args(16, &[0])
        .pcsp(&[(4, 8), (8, 40), (0x60, 8), (0x61, 0)])
        .line(0, file, 3)
        .line(12, file, 4);
    f.stack_map(0x25, &[-8, -24], &[0]).stack_map(0x45, &[-32], &[8]).stack_map(0x70, &[], &[0]);
    f.object(-32, 16, &[0]).object(-16, 8, &[0]);
    f.unsafe_range(0, 8).deferreturn(0x50).inlined("lib.gcd", 99, 18, &[(20, 32)]);
    m.add(f);
    let mut f = Function::new("main.leaf", 0x80, 0x90);
    f.line(0, file, 7);
    m.add(f);
    m
}

type Change = fn(&mut Function) -> &mut Function;

/// What is said of a function with a change.
fn refused(change: Change) -> String {
    let mut m = ModuleBuilder::new("prime");
    let file = m.file("prime.x");
    let mut f = Function::new("main.walk", 0, 0x80);
    f.args(16, &[0]).pcsp(&[(4, 8), (8, 40), (0x60, 8), (0x61, 0)]).line(0, file, 3);
    change(&mut f);
    m.add(f);
    m.check(TEXT).unwrap_err().to_string()
}

#[test]
fn what_cannot_be_built() {
    let cases: &[(Change, &str)] = &[
        (
            |f| f.pcsp(&[(8, 8), (4, 0)]),
            "main.walk+0x4: the places of pcsp do not rise: 0x8 comes before",
        ),
        (
            |f| f.pcsp(&[(0x80, 8)]),
            "main.walk+0x80: the places of pcsp behind the function's end, 0x80",
        ),
        (|f| f.stack_map(0, &[], &[]), "main.walk+0x0: a call that returns there"),
        (|f| f.stack_map(0x81, &[], &[]), "main.walk+0x81: a call that returns there"),
        (|f| f.stack_map(9, &[8], &[]), "main.walk+0x9: locals: a pointer at 8"),
        (|f| f.stack_map(9, &[-12], &[]), "main.walk+0x9: locals: a pointer at -12"),
        (|f| f.stack_map(9, &[], &[16]), "main.walk+0x9: arguments: a pointer at 16"),
        (
            |f| f.stack_map(9, &[], &[]).stack_map(9, &[], &[0]),
            "main.walk+0x9: two stack maps for one call",
        ),
        (|f| f.object(-16, 8, &[8]), "main.walk: its stack object at -16: a pointer at 8"),
        (|f| f.object(-16, 0, &[]), "main.walk: its stack object at -16 has 0 bytes"),
        (|f| f.unsafe_range(8, 4), "main.walk+0x8: unsafe ranges: a range from 0x8 to 0x4"),
        (|f| f.unsafe_range(0, 9).unsafe_range(8, 10), "main.walk+0x8: unsafe ranges overlap"),
        (|f| f.inlined("", 1, 0, &[]), "main.walk+0x0: an inlined call of \"\""),
        (|f| f.args(12, &[]), "main.walk: 12 bytes of arguments"),
        (
            |f| {
                *f = Function::new("", 0, 1);
                f
            },
            "the name \"\"",
        ),
        (
            |f| {
                *f = Function::new("x", 1, 2);
                f
            },
            "x: has the bytes 0x1 to 0x2, the one before ends at 0x0",
        ),
    ];
    for (change, what) in cases {
        let got = refused(*change);
        assert_eq!(got, format!("gort: module prime: {what}"), "{got}");
    }
    let e = ModuleBuilder::new("empty").check(TEXT).unwrap_err();
    assert_eq!(e.to_string(), "gort: module empty: no functions");
}

#[test]
fn what_is_not_true() {
    let cases: &[(Change, &str)] = &[
        (|f| f.pcsp(&[(4, 12)]), "main.walk+0x4: a frame of 12 bytes"),
        (|f| f.pcsp(&[(4, -8)]), "main.walk+0x4: a frame of -8 bytes"),
        (|f| f.pcsp(&[(0, 8)]), "main.walk+0x0: a frame of 8 bytes at the entry"),
        (
            |f| f.stack_map(0x20, &[-40], &[]),
            "main.walk: stack maps of 5 bits for 32 bytes of locals",
        ),
        (
            |f| f.pcsp(&[(4, 8), (8, 24), (32, 40)]).stack_map(0x10, &[-32], &[]),
            "main.walk+0xf: stack map 1 has a pointer 32 bytes below rbp, the frame is 16",
        ),
        (
            |f| f.object(-40, 8, &[]),
            "main.walk: its stack object of 8 bytes at -40 is outside of 32 bytes of locals and 16 of arguments",
        ),
        (
            |f| f.object(-8, 16, &[]),
            "main.walk: its stack object of 16 bytes at -8 is outside of 32 bytes of locals and 16 of arguments",
        ),
        (
            |f| f.object(8, 16, &[]),
            "main.walk: its stack object of 16 bytes at 8 is outside of 32 bytes of locals and 16 of arguments",
        ),
        (
            |f| f.object(-16, 16, &[]).object(-24, 16, &[]),
            "main.walk: its stack objects at -24 and -16 overlap",
        ),
        (
            |f| f.object(-12, 8, &[]),
            "main.walk: its stack object of 8 bytes at -12 is empty, or not aligned",
        ),
        (|f| f.deferreturn(0x80), "main.walk: calls deferreturn at 0x80, ends at 0x80"),
        (
            |f| f.inlined("g", 1, 0x80, &[(1, 2)]),
            "main.walk+0x1: inlined call 0 is called at 0x80, the function ends at 0x80",
        ),
        (
            |f| f.inlined("g", 1, 1, &[(1, 2)]),
            "main.walk+0x1: its inlined calls go round in a circle",
        ),
        (
            |f| f.flag(FUNC_FLAG_NOSPLIT).pcsp(&[(8, 128)]),
            "main.walk: a frame of 128 bytes without a check of the stack",
        ),
        (|f| f.flag(0x40), "main.walk: flags 0x40"),
        (|f| f.func_id(FuncID(23)), "main.walk: function id 23"),
        (|f| f.start_line(-1), "main.walk: begins at line -1"),
    ];
    for (change, what) in cases {
        let got = refused(*change);
        assert_eq!(got, format!("gort: module prime: {what}"), "{got}");
    }
    // What a stub may.
    let mut m = ModuleBuilder::new("m");
    let mut f = Function::new("stub", 0, 0x80);
    f.pcsp(&[(8, 400)]).flag(FUNC_FLAG_NOSPLIT | FUNC_FLAG_ASM);
    m.add(f);
    m.check(TEXT).unwrap();
}

/// Any byte of the tables changed in any way: the change is refused, or what the tables say is
/// different, but for bytes that nobody reads. No look-up leaves the tables: that would end the
/// test.
#[test]
fn mutations() {
    let good = module().build(TEXT).unwrap();
    let load = |t: Tables| {
        let m = Moduledata::new(t.leak())?;
        m.verify()?;
        Ok::<_, TableError>(m)
    };
    let want = dump::everything(&load(good.clone()).unwrap());
    let (mut refused, mut noticed, mut silent) = (0, 0, Vec::new());
    for (which, len) in
        [good.pclntab.len(), good.gofunc.len(), good.rodata.len()].into_iter().enumerate()
    {
        for at in 0..len {
            for bit in 0..8 {
                let mut t = good.clone();
                let table =
                    [&mut t.pclntab, &mut t.gofunc, &mut t.rodata].into_iter().nth(which).unwrap();
                table[at] ^= 1 << bit;
                match load(t) {
                    Err(_) => refused += 1,
                    Ok(m) if dump::everything(&m) != want => noticed += 1,
                    Ok(_) => silent.push((["pclntab", "gofunc", "rodata"][which], at, bit)),
                }
            }
        }
    }
    println!(
        "{refused} refused, {noticed} change what is said, of {}",
        refused + noticed + silent.len()
    );
    // Byte, bits: what nobody reads, or what says the same in another way.
    let unread: &[(&str, std::ops::Range<usize>, u8)] = &[
        ("pclntab", 0x10..0x18, 0xff), // the number of files, for debuggers
        ("pclntab", 0x28..0x29, 0x04), // the list of files from its second word on, which is padding: a 0 as well
        ("pclntab", 0x48..0x49, 0xff), // the name that stands for no name
        ("pclntab", 0x65..0x68, 0xff), // padding after the names
        ("pclntab", 0x6c..0x70, 0xff), // and after the list of files
        ("pclntab", 0x78..0x79, 0xff), // the table that stands for no table
        ("pclntab", 0x90..0x91, 0x80), // a number, longer by a byte of 0, which was the end of the table; the next table begins with another
        ("pclntab", 0x9f..0xa0, 0x80),
        ("pclntab", 0xac..0xad, 0x80),
        ("pclntab", 0xae..0xb0, 0xff), // padding after the tables by pc
        ("pclntab", 0xe4..0xe5, 0x01), // the list of files from its second word on
        ("pclntab", 0xee..0xef, 0xff), // padding of the record
        ("pclntab", 0x12c..0x12d, 0x01),
        ("pclntab", 0x136..0x137, 0xff),
        ("gofunc", 0xb..0x10, 0xff), // padding between pieces
        ("gofunc", 0x1b..0x20, 0xff),
        ("gofunc", 0x49..0x4c, 0xff), // padding of an inlined call
        ("gofunc", 0x50..0x51, 0x63), // another pc of the same line
    ];
    silent.retain(|(t, at, bit)| {
        !unread.iter().any(|(u, r, m)| u == t && r.contains(at) && m >> bit & 1 != 0)
    });
    assert_eq!(silent, [], "bits that can be changed without notice");
}

/// Bytes at random, and good tables that are cut short or overwritten in several places: no look-up
/// leaves them.
#[test]
fn garbage() {
    let good = module().build(TEXT).unwrap();
    let mut rng = fastrand::Rng::with_seed(7);
    for round in 0..3000 {
        let mut t = good.clone();
        for _ in 0..rng.usize(1..6) {
            let table = match rng.u32(0..4) {
                0 => &mut t.gofunc,
                1 => &mut t.rodata,
                _ => &mut t.pclntab,
            };
            let n = table.len();
            match rng.u32(0..3) {
                0 if round % 2 == 0 => table.truncate(rng.usize(0..=n)),
                1 if n >= 4 => {
                    let at = rng.usize(0..n / 4) * 4;
                    let v = [0, 1, u32::MAX, 0x7fff_ffff, 0x8000_0000, rng.u32(0..200)]
                        [rng.usize(0..6)];
                    table[at..at + 4].copy_from_slice(&v.to_le_bytes());
                }
                _ if n > 0 => table[rng.usize(0..n)] = rng.u8(..),
                _ => {}
            }
        }
        // Not verified: what `new` takes may say anything, but everything that it says is inside.
        if let Ok(m) = Moduledata::new(t.leak())
            && m.maxpc - m.minpc < 1 << 12
        {
            dump::everything(&m);
        }
    }
}
