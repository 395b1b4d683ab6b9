//! Go programs that are more than a file: what `go run .` does in a module, `gort run .` does. Real
//! Go is asked, where it is installed.

use gort_tests::{Outcome, go_command, gort_command, wait};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(300);

/// What a test is about: text before the next line `-- NAME --` is the file NAME.
fn write(dir: &Path, files: &str) {
    for f in files.split("\n-- ").skip(1) {
        let (name, text) = f.split_once(" --\n").expect("a name");
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, format!("{}\n", text.trim_end())).expect("written");
    }
}

/// Runs a program with `go run`, where Go is installed, and with `gort run`, in a directory with
/// these files.
fn both(files: &str, env: &[(&str, &str)], program: &str, check: impl Fn(&str, &Outcome)) {
    let tmp = tempfile::tempdir().expect("a folder");
    write(tmp.path(), files);
    let run = |mut c: Command| {
        c.arg("run").arg(program).current_dir(tmp.path()).envs(env.iter().copied());
        c.env_remove("GODEBUG").env_remove("GOFLAGS").envs(env.iter().copied());
        wait(c, b"", LIMIT)
    };
    if let Some(go) = go_command() {
        let mut c = Command::new(go);
        c.env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0");
        check("go", &run(c));
    }
    if let Some(gort) = gort_command() {
        check("gort", &run(gort));
    }
}

/// The same for a program that prints this on standard error, with `println`.
fn prints(files: &str, env: &[(&str, &str)], program: &str, says: &str) {
    both(files, env, program, |who, o| {
        assert_eq!((o.code, o.stderr.as_str()), (0, says), "{who}: {files}");
    });
}

/// A timer that has fired, and a panic with nil: the settings `asynctimerchan` and `panicnil`.
const SETTINGS: &str = r#"
-- main.go --
package main

import (
	"runtime"
	"time"
)

func main() {
	t := time.NewTimer(time.Millisecond)
	due := time.Now().Add(20 * time.Millisecond)
	for time.Now().Before(due) {
		runtime.Gosched()
	}
	n := len(t.C)
	stopped := t.Stop()
	stale := false
	select {
	case <-t.C:
		stale = true
	default:
	}
	println(n, stopped, stale)
	defer func() { println(recover() == nil) }()
	panic(nil)
}
"#;
const NEW: &str = "0 true false\nfalse\n";
const OLD_TIMERS: &str = "1 false true\nfalse\n";
const OLD: &str = "1 false true\ntrue\n";

/// Settings of GODEBUG by the go line of go.mod, by its godebug lines, by `//go:debug`, by go.work
/// (bug_gomod_godebug).
#[test]
fn godebug_defaults() {
    let module = |text: &str| format!("\n-- go.mod --\nmodule x\n\n{text}\n{SETTINGS}");
    prints(&module("go 1.18"), &[], ".", OLD);
    prints(&module("go 1.22"), &[], ".", OLD_TIMERS);
    prints(&module("go 1.23"), &[], ".", NEW);
    prints(
        &module("go 1.23.1\n\ngodebug panicnil=1 // as before\n"),
        &[],
        ".",
        "0 true false\ntrue\n",
    );
    prints(&module("go 1.23\n\ngodebug (\n\tpanicnil=1\n\tasynctimerchan=1\n)\n"), &[], ".", OLD);
    prints(&module("go 1.23\n\ngodebug default=go1.20\n"), &[], ".", OLD);
    prints(&module("go 1.18\n\ngodebug asynctimerchan=0\n"), &[], ".", "0 true false\ntrue\n");
    prints(&module("go 1.18"), &[], "main.go", OLD);
    prints(&module("go 1.18"), &[("GODEBUG", "panicnil=0,asynctimerchan=0")], ".", NEW);
    // Without a module the language is today's.
    prints(SETTINGS, &[], "main.go", NEW);
    let directive = SETTINGS.replace("package main", "//go:debug panicnil=1\n\npackage main");
    prints(
        &format!("\n-- go.mod --\nmodule x\n\ngo 1.23\n{directive}"),
        &[],
        ".",
        "0 true false\ntrue\n",
    );
    prints(&directive, &[], "main.go", "0 true false\ntrue\n");
    // In a workspace its go.work counts.
    let lib = "\n-- lib/go.mod --\nmodule lib\n\ngo 1.23.1\n-- lib/lib.go --\npackage lib\n";
    let work = format!(
        "\n-- go.work --\ngo 1.23.1\n\ngodebug panicnil=1\n\nuse (\n\t.\n\t./lib\n)\n{lib}{}",
        module("go 1.18").replace("import (", "import (\n\t_ \"lib\"")
    );
    prints(&work, &[], ".", "0 true false\ntrue\n");
    prints(&work.replace("import (\n\t_ \"lib\"", "import ("), &[("GOWORK", "off")], ".", OLD);
}

/// What is wrong with a setting, in Go's words.
#[test]
fn godebug_errors() {
    const MAIN: &str = "\n-- main.go --\npackage main\n\nfunc main() {}\n";
    let says = |files: &str, what: &str| {
        both(files, &[], ".", |who, o| {
            assert!(o.code == 1 && o.stderr.contains(what), "{who}: {o}");
        });
    };
    let module = |text: &str| format!("\n-- go.mod --\nmodule x\n\ngo 1.23\n\n{text}\n{MAIN}");
    says(
        &module("godebug nosuch=1"),
        "go: error loading go.mod:\ngo.mod:5: unknown godebug \"nosuch\"\n",
    );
    says(&module("godebug (\n\tpanicnil\n)"), "go.mod:6:2: usage: godebug key=value\n");
    says(
        &module("godebug a b"),
        "go: errors parsing go.mod:\ngo.mod:5: usage: godebug key=value\n",
    );
    says(
        &module("godebug default=go1.99"),
        "go.mod:5: default=go1.99 too new (toolchain is go1.23.1)\n",
    );
    says(&module("godebug default=1.20"), "go.mod:5: value for default= must be goVERSION\n");
    let with = |lines: &str| module("").replace("package main", &format!("{lines}\npackage main"));
    says(
        &with("//go:debug nosuch=1\n//go:debug panicnil=1\n//go:debug panicnil=0"),
        "./main.go:1:1: invalid //go:debug: unknown //go:debug setting \"nosuch\"\n\
         ./main.go:3:1: repeated //go:debug for panicnil\n\t./main.go:2:1: previous //go:debug\n",
    );
    says(
        &with("/* x\n*/ //go:debug panicnil"),
        "./main.go:2:4: invalid //go:debug: missing key=value\n",
    );
    says(
        &with("//go:debug panicnil=1,2"),
        "./main.go:1:1: invalid //go:debug: value contains comma\n",
    );
}

/// Directories, patterns, hidden files; files of another package of the module (bug_embed_string).
#[test]
fn embedded_directories() {
    const FILES: &str = r#"
-- go.mod --
module x

go 1.23.1
-- main.go --
package main

import (
	"embed"
	"io/fs"

	"x/texts"
)

//go:embed dir *.txt dir/[a-b]*.md
var files embed.FS

//go:embed all:dir
var all embed.FS

/*
//go:embed nothing
*/
const notice = `
//go:embed nothing
`

func list(f embed.FS) {
	fs.WalkDir(f, ".", func(path string, d fs.DirEntry, err error) error {
		b, _ := f.ReadFile(path)
		println(path, d.IsDir(), len(b), err == nil)
		return nil
	})
}

func main() {
	list(files)
	list(all)
	println(texts.Hello)
}
-- texts/texts.go --
package texts

import _ "embed"

//go:embed hello
var Hello string
-- texts/hello --
hello
-- one.txt --
1
-- with space.txt --
2
-- dir/a.md --
a
-- dir/c.md --
c
-- dir/.hidden --
h
-- dir/_also --
h
-- dir/sub/x --
x
-- dir/module/go.mod --
module other
-- dir/module/x --
x
"#;
    let outputs = std::sync::Mutex::new(Vec::new());
    both(FILES, &[], ".", |who, o| {
        assert_eq!(o.code, 0, "{who}: {o}");
        outputs.lock().expect("no panic").push(o.stderr.clone());
    });
    let all = outputs.into_inner().expect("no panic");
    for o in &all {
        assert_eq!(o, &all[0]);
        assert!(o.contains("with space.txt false 2 true\n") && o.ends_with("hello\n\n"), "{o}");
        assert_eq!((o.matches(".hidden").count(), o.matches("module").count()), (1, 0), "{o}");
    }
    let says = |pattern: &str, what: &str| {
        let main = format!(
            "\n-- main.go --\npackage main\n\nimport _ \"embed\"\n\n//go:embed {pattern}\nvar s string\n\nfunc main() {{}}\n"
        );
        both(
            &format!("{main}\n-- e/.x --\n\n-- m/go.mod --\nmodule m\n-- m/f --\n"),
            &[],
            "main.go",
            |who, o| {
                assert!(o.code == 1 && o.stderr.contains(what), "{who}: {o}");
            },
        );
    };
    says("no.txt", "main.go:5:12: pattern no.txt: no matching files found");
    says("main.go ../x", "main.go:5:20: pattern ../x: invalid pattern syntax");
    says("\"[\"", "main.go:5:12: pattern [: invalid pattern syntax");
    says("e", "main.go:5:12: pattern e: cannot embed directory e: contains no embeddable files");
    says("m/f", "main.go:5:12: pattern m/f: cannot embed file m/f: in different module");
}

/// A module's own golang.org/x/net, of which libgo has a copy for its own packages
/// (bug_vendored_xnet).
#[test]
fn vendored_packages_of_libgo() {
    const FILES: &str = r#"
-- go.mod --
module example.org/vx

go 1.18

require golang.org/x/net v0.1.0
-- main.go --
package main

import (
	"net/http"

	"golang.org/x/net/http/httpguts"
)

func main() {
	println(httpguts.ValidHeaderFieldName("x"), httpguts.Calls())
	r, err := http.NewRequest("GET", "http://127.0.0.1:1/", nil)
	if err == nil {
		r.Header.Set("A-B", "c")
		_, err = http.DefaultClient.Do(r)
	}
	println(err != nil, httpguts.Calls())
}
-- vendor/golang.org/x/net/http/httpguts/g.go --
package httpguts

var calls int

// ValidHeaderFieldName is in libgo's copy of a package of this name as well, which net/http uses.
func ValidHeaderFieldName(v string) bool {
	calls++
	return len(v) > 0
}

// Calls is not.
func Calls() int { return calls }

// In libgo's copy net/http has its body, which is inlined.
func headerValueContainsToken(v string, token string) bool { return v == token }
-- vendor/modules.txt --
# golang.org/x/net v0.1.0
## explicit
golang.org/x/net/http/httpguts
"#;
    prints(FILES, &[("GOFLAGS", "-mod=vendor")], ".", "true 1\ntrue 1\n");
}
