//! The timeline, its JSON and its page: what is drawn adds up to what the summary says.

mod made;

use gort_tests::tests_dir;
use gort_tracereader::event::{GoState, NO};
use gort_tracereader::spec::*;
use gort_tracereader::summary::Summary;
use gort_tracereader::timeline::{Lane, SpanKind, Timeline};
use gort_tracereader::validate::Validator;
use gort_tracereader::{Reader, chrome, page};
use made::{Trace, mutate, valid};
use serde_json::Value;
use std::collections::BTreeMap;

fn read(bytes: &[u8]) -> (Timeline, Summary) {
    let (mut t, mut s) = (Timeline::default(), Summary::default());
    for e in Reader::new(bytes).unwrap() {
        let e = e.unwrap();
        t.event(&e);
        s.event(&e);
    }
    t.finish();
    s.finish();
    (t, s)
}

fn golden() -> Vec<u8> {
    std::fs::read(tests_dir().join("golden/trace/events.trace")).unwrap()
}

/// The valid trace with tasks, regions, a label, ranges that last, and names that are no UTF-8 or
/// would end a script.
fn rich() -> Trace {
    let mut t = valid();
    t.strings.extend([
        (8, b"a task </script><!--".to_vec()),
        (9, b"\"quoted\" \\ \xff\xfe".to_vec()),
        (10, "é\u{2028}\n<b>".into()),
    ]);
    t.strings[3].1 = b"main.worker[\"</SCRIPT>\"]\xff".to_vec();
    let m = &mut t.ms[0].1;
    let at = m.iter().position(|e| e.1 == USER_LOG).unwrap();
    m[at].2 = vec![5, 9, 10, 3];
    m.insert(at, (1096, USER_REGION_BEGIN, vec![5, 9, 3]));
    m.insert(at, (1096, USER_REGION_BEGIN, vec![5, 10, 3]));
    m.insert(at, (1096, USER_TASK_BEGIN, vec![5, 0, 8, 3]));
    m.insert(at + 4, (1098, USER_REGION_END, vec![5, 9, 3]));
    m.insert(at + 4, (1098, GO_LABEL, vec![8]));
    // Only in the middle can goroutine 7 go on with its region open to its end.
    m.insert(at + 6, (1099, USER_REGION_END, vec![5, 10, 3]));
    m.insert(at + 6, (1099, GC_BEGIN, vec![1, 1]));
    m.insert(at + 6, (1099, HEAP_ALLOC, vec![1 << 40]));
    t.strings.sort_by_key(|s| s.0);
    for (i, e) in t.ms[0].1.iter_mut().enumerate() {
        // No two at one time.
        e.0 = e.0 * 100 + i as u64;
    }
    t.ms[1].1.iter_mut().for_each(|e| e.0 = e.0 * 100 + 50);
    t
}

fn all() -> Vec<(&'static str, Vec<u8>)> {
    let mut old = valid();
    old.version = 22;
    let mut cut = valid();
    cut.ms[0].1.truncate(9);
    cut.ms[1].1.truncate(5);
    vec![
        ("golden", golden()),
        ("valid", valid().bytes()),
        ("of 1.22", old.bytes()),
        ("much open at the end", cut.bytes()),
        ("rich", rich().bytes()),
    ]
}

/// ns by goroutine and state, a waiting one with its reason.
type Times = BTreeMap<(i64, String), i64>;

fn of_summary(s: &Summary) -> (Times, BTreeMap<i64, i64>) {
    let mut gs = Times::new();
    for (id, g) in &s.goroutines {
        for (name, t) in
            [("running", g.running), ("runnable", g.runnable), ("in a system call", g.syscall)]
        {
            gs.insert((*id, name.into()), t);
        }
        for (reason, t) in &g.blocked {
            gs.insert((*id, format!("waiting {reason}")), *t);
        }
    }
    gs.retain(|_, t| *t != 0);
    (gs, s.procs.iter().map(|(id, p)| (*id, p.running)).filter(|p| p.1 != 0).collect())
}

#[test]
fn json_adds_up_to_the_summary() {
    for (name, bytes) in all() {
        let (t, s) = read(&bytes);
        let mut out = Vec::new();
        chrome::write(&t, &s, &mut out).unwrap();
        let v: Value = serde_json::from_slice(&out).unwrap();
        let ns = |v: &Value| (v.as_f64().unwrap() * 1000.0).round() as i64;
        let (mut gs, mut ps, mut on_ms) = (Times::new(), BTreeMap::new(), BTreeMap::new());
        let mut threads = BTreeMap::new();
        for e in v["traceEvents"].as_array().unwrap() {
            let args = &e["args"];
            if e["name"] == "thread_name" {
                threads.insert((e["pid"].clone().to_string(), e["tid"].to_string()), &args["name"]);
            }
            if e["ph"] != "X" {
                continue;
            }
            let thread = threads[&(e["pid"].to_string(), e["tid"].to_string())].as_str().unwrap();
            let id = |key: &str| args[key].as_i64().unwrap_or_else(|| panic!("{name}: {e}"));
            let dur = ns(&e["dur"]);
            assert!(dur > 0, "{name}: {e}");
            match e["cat"].as_str().unwrap() {
                "goroutine" => {
                    let g = id("g");
                    assert!(format!("{thread} ").starts_with(&format!("G {g} ")), "{thread} {e}");
                    let mut state = args["state"].as_str().unwrap().to_string();
                    if state == "waiting" {
                        state = format!("waiting {}", args["reason"].as_str().unwrap_or(""));
                    }
                    *gs.entry((g, state)).or_default() += dur;
                }
                "held" => {
                    assert_eq!(thread, format!("P {}", id("p")));
                    *ps.entry(id("p")).or_default() += dur;
                }
                "m" if args["state"] == "running" => {
                    *on_ms.entry(id("g")).or_insert(0) += dur;
                }
                _ => {}
            }
        }
        let (want_gs, want_ps) = of_summary(&s);
        assert_eq!(gs, want_gs, "{name}");
        assert_eq!(ps, want_ps, "{name}");
        // And what runs, runs on an M.
        let ran: BTreeMap<i64, i64> =
            s.goroutines.iter().map(|(id, g)| (*id, g.running)).filter(|g| g.1 != 0).collect();
        assert_eq!(on_ms, ran, "{name}");
        assert!(!gs.is_empty() && !ps.is_empty(), "{name}");
    }
}

#[test]
fn slices_do_not_overlap_and_those_of_ps_nest() {
    for (name, bytes) in all() {
        let (t, _) = read(&bytes);
        for (lane, slices) in &t.lanes {
            for w in slices.windows(2) {
                assert!(w[0].end <= w[1].start, "{name} {lane:?} {w:?}");
            }
            let Lane::P(p) = lane else { continue };
            for s in slices {
                let held = &t.lanes[&Lane::Held(*p)];
                let inside = |h: &&_| -> bool {
                    let h: &gort_tracereader::timeline::Slice = h;
                    h.start <= s.start && s.end <= h.end && h.m == s.m
                };
                assert_eq!(held.iter().filter(inside).count(), 1, "{name} {s:?} {held:?}");
            }
        }
    }
}

/// Traces that the validator takes, odd as they are, are drawn and add up; those that it does not
/// take break nothing.
#[test]
fn odd_traces() {
    let var = |name: &str| std::env::var(name).ok().and_then(|n| n.parse().ok());
    let mut rng = fastrand::Rng::with_seed(var("GORT_SEED").unwrap_or(1));
    let sources = [valid().bytes(), golden(), rich().bytes()];
    let mut taken = 0;
    for i in 0..var("GORT_MUTATIONS").unwrap_or(3000) as usize {
        let bytes = mutate(&sources[i % 3], &mut rng);
        let (mut t, mut s) = (Timeline::default(), Summary::default());
        let mut v = Validator::default();
        let Ok(reader) = Reader::new(&bytes[..]) else { continue };
        let mut ok = true;
        for e in reader {
            let Ok(e) = e else {
                ok = false;
                break;
            };
            ok &= v.event(&e).is_ok();
            t.event(&e);
            s.event(&e);
        }
        t.finish();
        s.finish();
        let mut out = Vec::new();
        chrome::write(&t, &s, &mut out).unwrap();
        page::write(&t, &s, "", &mut out).unwrap();
        if !ok {
            continue;
        }
        taken += 1;
        let of = |lane: fn(&Lane) -> Option<i64>| -> BTreeMap<i64, i64> {
            let own = t.lanes.iter().filter_map(|(l, s)| Some((lane(l)?, s)));
            own.map(|(id, s)| (id, s.iter().map(|s| s.end - s.start).sum())).collect()
        };
        let (gs, ps) = of_summary(&s);
        let mut all = BTreeMap::new();
        gs.iter().for_each(|((id, _), t)| *all.entry(*id).or_insert(0) += t);
        assert_eq!(of(|l| if let Lane::G(g) = l { Some(*g) } else { None }), all, "{i}");
        assert_eq!(of(|l| if let Lane::Held(p) = l { Some(*p) } else { None }), ps, "{i}");
        for (lane, slices) in &t.lanes {
            let apart = |w: &[_]| {
                let w: &[gort_tracereader::timeline::Slice] = w;
                w[0].end <= w[1].start
            };
            assert!(slices.windows(2).all(apart), "{i} {lane:?} {slices:?}");
        }
    }
    assert!(taken > 100, "{taken}");
}

#[test]
fn who_woke_whom() {
    let (t, _) = read(&valid().bytes());
    let [made, woken] = &t.arrows[..] else { panic!("{:?}", t.arrows) };
    assert!(made.created && !woken.created);
    assert_eq!((made.from.g, made.to, woken.from.g, woken.from.p, woken.to), (1, 7, NO, 0, 1));
    let g1 = &t.lanes[&Lane::G(1)];
    let waited = g1.iter().find(|s| s.state == Some(GoState::Waiting)).unwrap();
    assert_eq!(t.strings[waited.reason as usize], "chan receive");
    assert_eq!(t.stack(waited.stack).next().unwrap().func, "main.main");
    assert_eq!((waited.woken, waited.end), (Some(1), woken.time));
    let next = g1.iter().find(|s| s.start == waited.end).unwrap();
    assert_eq!(
        (next.state, next.woken, Some(next.end)),
        (Some(GoState::Runnable), Some(1), woken.ran)
    );
    let g7 = &t.lanes[&Lane::G(7)];
    assert_eq!((g7[0].state, g7[0].woken), (Some(GoState::Runnable), Some(0)));
    assert_eq!(
        (g7[1].state, made.ran, g7[1].m, g7[1].p),
        (Some(GoState::Running), Some(g7[1].start), 11, 0)
    );
    // It ended by going into the system call, whose stack is known.
    let call = t.stack(g7[1].ended).map(|f| &*f.func).collect::<Vec<_>>();
    assert_eq!(call, ["syscall.Read", "main.worker"]);
}

#[test]
fn tasks_regions_logs_metrics() {
    let (t, _) = read(&rich().bytes());
    let named = |kind| -> Vec<(&str, bool)> {
        let of = t.spans.iter().filter(|s| s.kind == kind);
        let end = t.span.unwrap().1;
        of.map(|s| (&*t.strings[s.name as usize], s.end == end)).collect()
    };
    assert_eq!(named(SpanKind::Task), [("a task </script><!--", true)]);
    let regions = [("\"quoted\" \\ \u{fffd}\u{fffd}", false), ("é\u{2028}\n<b>", false)];
    assert_eq!(named(SpanKind::Region), regions);
    let ranges = [
        ("stop-the-world (stop-the-world (GOMAXPROCS))", false),
        ("GC concurrent mark phase", true),
    ];
    assert_eq!(named(SpanKind::Range), ranges);
    let marks: Vec<_> =
        t.marks.iter().map(|m| (m.task, m.on.g, &*t.strings[m.text as usize])).collect();
    assert!(marks.contains(&(5, 7, "é\u{2028}\n<b>")), "{marks:?}");
    assert!(marks.contains(&(0, 7, "a task </script><!--")), "{marks:?}");
    let heap = &t.metrics["/memory/classes/heap/objects:bytes"];
    assert_eq!(heap.iter().map(|m| m.1).collect::<Vec<_>>(), [1 << 40]);
}

#[test]
fn json_has_flows_spans_marks_and_counters() {
    let (t, s) = read(&rich().bytes());
    let mut out = Vec::new();
    chrome::write(&t, &s, &mut out).unwrap();
    let v: Value = serde_json::from_slice(&out).unwrap();
    let events = v["traceEvents"].as_array().unwrap();
    let of = |ph: &str| events.iter().filter(|e| e["ph"] == ph).collect::<Vec<_>>();
    // Each flow ends where a slice of its thread begins.
    assert_eq!((of("s").len(), of("f").len()), (2, 2));
    for (s, f) in of("s").iter().zip(of("f")) {
        assert_eq!(s["id"], f["id"]);
        let starts =
            |x: &&&Value| x["pid"] == f["pid"] && x["tid"] == f["tid"] && x["ts"] == f["ts"];
        let ran = of("X").iter().filter(starts).map(|x| x["name"].clone()).collect::<Vec<_>>();
        assert_eq!(ran, ["running"]);
    }
    assert_eq!(of("b").len(), t.spans.len());
    assert_eq!(of("e").len(), t.spans.len());
    assert_eq!(of("i").len(), t.marks.len());
    let values: Vec<_> = of("C").iter().map(|c| c["args"]["value"].as_u64().unwrap()).collect();
    assert_eq!(values, [1 << 40, 2]);
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains(r#""G 7 main.worker[\"</SCRIPT>\"]�""#), "{text}");
}

/// What a browser takes for the text of the element with this id.
fn element<'a>(page: &'a str, id: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!(" id=\"{id}\">")).unwrap();
    // A script ends at the first of these, in capitals too.
    let end = rest.to_lowercase().find("</script").unwrap();
    &rest[..end]
}

fn html(bytes: &[u8]) -> (String, Value, Timeline, Summary) {
    let (t, s) = read(bytes);
    let mut out = Vec::new();
    page::write(&t, &s, "a <title> & \"more\"", &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let data = serde_json::from_str(element(&text, "data")).unwrap();
    (text, data, t, s)
}

#[test]
fn the_page_has_the_data() {
    for (name, bytes) in all() {
        let (_, v, t, s) = html(&bytes);
        let list = |v: &Value| v.as_array().unwrap().clone();
        let ints =
            |v: &Value| -> Vec<i64> { list(v).iter().map(|n| n.as_i64().unwrap()).collect() };
        let strings: Vec<String> = serde_json::from_value(v["strings"].clone()).unwrap();
        let (mut gs, mut ps, mut kinds) = (Times::new(), BTreeMap::new(), BTreeMap::new());
        for l in list(&v["lanes"]) {
            let (kind, id) = (l["kind"].as_str().unwrap().to_string(), l["id"].as_i64().unwrap());
            *kinds.entry(kind.clone()).or_insert(0) += 1;
            if kind == "C" {
                continue;
            }
            let (start, end) = (ints(&l["start"]), ints(&l["end"]));
            // What the drawing relies on: every column is as long, slices are in order.
            for key in ["state", "g", "p", "m", "reason", "stack", "ended", "woken"] {
                assert_eq!(ints(&l[key]).len(), start.len(), "{name} {key}");
            }
            assert_eq!(end.len(), start.len());
            assert!(start.iter().zip(&end).all(|(a, b)| a < b), "{name} {l}");
            assert!(
                end.iter().zip(&start[1.min(start.len())..]).all(|(a, b)| a <= b),
                "{name} {l}"
            );
            if kind == "P" {
                let held = ints(&l["held"]["end"]).iter().sum::<i64>()
                    - ints(&l["held"]["start"]).iter().sum::<i64>();
                ps.insert(id, held);
            }
            for i in 0..start.len() {
                let state = &v["states"][ints(&l["state"])[i] as usize];
                let reason = &strings[ints(&l["reason"])[i] as usize];
                if kind == "G" {
                    let mut state = state.as_str().unwrap().to_string();
                    if state == "waiting" {
                        state = format!("waiting {reason}");
                    }
                    *gs.entry((id, state)).or_default() += end[i] - start[i];
                }
            }
        }
        let (want_gs, want_ps) = of_summary(&s);
        assert_eq!((gs, ps), (want_gs, want_ps), "{name}");
        let lanes = |is: fn(&Lane) -> bool| t.lanes.keys().filter(|l| is(l)).count();
        assert_eq!(kinds.get("G"), Some(&lanes(|l| matches!(l, Lane::G(_)))), "{name}");
        assert_eq!(kinds.get("M"), Some(&lanes(|l| matches!(l, Lane::M(_)))), "{name}");
        assert_eq!(kinds["C"], t.metrics.len(), "{name}");
        assert_eq!(ints(&v["arrows"]["to"]), t.arrows.iter().map(|a| a.to).collect::<Vec<_>>());
        let first = t.span.unwrap().0;
        let times: Vec<i64> = t.marks.iter().map(|m| m.time - first).collect();
        assert_eq!(ints(&v["marks"]["time"]), times);
        assert_eq!(strings, t.strings);
        for (stack, want) in list(&v["stacks"]).iter().zip(0..) {
            let names: Vec<String> = ints(stack)
                .iter()
                .map(|f| v["frames"][*f as usize][0].as_str().unwrap().into())
                .collect();
            let want: Vec<&str> = t.stack(want).map(|f| &*f.func).collect();
            assert_eq!(names, want, "{name}");
        }
    }
}

#[test]
fn names_cannot_leave_their_place() {
    let (text, v, ..) = html(&rich().bytes());
    let strings = v["strings"].to_string();
    for name in ["a task </script><!--", "\\\"quoted\\\" \\\\ \u{fffd}\u{fffd}", "é\u{2028}\\n<b>"]
    {
        assert!(strings.contains(name), "{name} {strings}");
    }
    assert!(v["frames"].to_string().contains("main.worker[\\\"</SCRIPT>\\\"]\u{fffd}"), "{v}");
    // Two scripts, each with its end, and no other tag of a name's.
    let lower = text.to_lowercase();
    assert_eq!((lower.matches("<script").count(), lower.matches("</script").count()), (2, 2));
    assert!(!text.contains("<!--") && !text.contains("<b>"));
    assert!(text.contains("<td>main.worker[&quot;&lt;/SCRIPT&gt;&quot;]\u{fffd}</td>"), "{text}");
    assert!(text.contains("<title>a &lt;title&gt; &amp; &quot;more&quot;</title>"));
    // It loads nothing, says what it is without scripts, and has all numbers as text.
    for loads in ["src=", "href=", "@import", "url(", "fetch("] {
        assert!(!lower.contains(loads), "{loads}");
    }
    assert!(text.contains("default-src 'none'") && text.contains("<noscript>"));
    for caption in ["Processors", "Goroutines", "Waited longest"] {
        assert!(text.contains(&format!("<table><caption>{caption}</caption>")), "{caption}");
    }
    assert!(text.contains("<td>G 1</td>") && text.contains(" chan receive</td>"), "{text}");
}

/// Regions that lie in one another get rows of their own.
#[test]
fn what_overlaps_has_rows() {
    let (_, v, ..) = html(&rich().bytes());
    let lanes = v["lanes"].as_array().unwrap().iter();
    let region: Vec<_> = lanes.filter(|l| l["state"][0] == 7).collect();
    assert_eq!(region.len(), 2);
    assert!(region[0]["start"][0].as_i64() < region[1]["start"][0].as_i64());
    assert!(region[0]["end"][0].as_i64() > region[1]["end"][0].as_i64());
}
