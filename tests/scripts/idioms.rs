//! Scripts as many authors write them: `capsim stub` writes their system, and they run against it as it stands.
#![cfg(feature = "scripts")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/idioms")
}

fn capsim(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_capsim"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// Runs a script against its own stub; what it printed, and what it said.
fn run(script: &Path, more: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = script.display().to_string();
    let stub = capsim(folder.path(), &["stub", &path]);
    let said = text(stub.stderr);
    assert_eq!(stub.status.code(), Some(0), "{path}: {said}");
    std::fs::write(folder.path().join("system.toml"), stub.stdout).unwrap();
    let first = ["run", &path, "--system", "system.toml"];
    let output = capsim(folder.path(), &[&first[..], more].concat());
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

#[test]
fn idioms_run_against_their_own_stubs() {
    let mut names: Vec<PathBuf> = std::fs::read_dir(scripts())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "js"))
        .collect();
    names.sort();
    assert!(names.len() >= 14, "{names:?}");
    for script in names {
        let (code, out, said) = run(&script, &["--audit"]);
        let name = script.display();
        assert_eq!(code, 0, "{name}: {said}\n{out}");
        for word in ["ERRO", "WARN", "error"] {
            assert!(!said.contains(word), "{name}: {said}");
        }
        assert!(out.contains("http_req"), "{name}: {out}");
    }
}

/// A script with these lines in its default function, in one iteration.
fn lines(imports: &str, body: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.js");
    let text = format!(
        "import http from 'k6/http';\n{imports}\nexport const options = {{ iterations: 1 }};\n\
         export default function () {{\n http.get('http://a.test/');\n{body}\n}}\n"
    );
    std::fs::write(&path, text).unwrap();
    let (code, _, said) = run(&path, &["--quiet"]);
    assert_eq!(code, 0, "{said}");
    let info = said.lines().filter_map(|l| l.strip_prefix("INFO "));
    info.map(str::to_owned).collect()
}

const PAGE: &str = r#"
const page = parseHTML(`<!doctype html><title>Shop &amp; Co</title><form action="/login" method="post">
<input type=hidden name=csrf value="a&quot;b"><select name=s><option value=1>one<option selected>two</select>
<input type=checkbox name=c checked><input type=submit name=go></form>
<ul class="list"><li class="item" data-some-thing='{"a":1}'>A<li class="item x">B<br>C</ul>
<a href="/one">1</a><a href="/two" class="next">2</a>`);
const show = (...x) => console.log(JSON.stringify(x));
show(page.find('title').text(), page.find('input[name=csrf]').val(), page.find('select').val(), page.find('form').serialize());
show(page.find('ul > li').size(), page.find('li:nth-child(2)').text(), page.find('li').first().data('someThing'), page.find('.item:not(.x)').html());
show(page.find('a').map((i, e) => i + e.attr('href')), page.find('a').last().is('.next'), page.find('li').eq(0).next().attr('class'));
page.find('a').each((i, e) => show(i, e.nodeName(), e.getAttribute('href'), e.textContent()));
show(page.find('nothing').text(), page.find('nothing').attr('x', 'else'), page.find('li').toArray().length, page.find('a').parent().size());
"#;

#[test]
fn pages_are_read_as_trees() {
    let said = lines("import { parseHTML } from 'k6/html';", PAGE);
    assert_eq!(
        said,
        [
            r#"["Shop & Co","a\"b","two","csrf=a%22b&s=two&c=on"]"#,
            r#"[2,"BC",{"a":1},"A"]"#,
            r#"[["0/one","1/two"],true,"item x"]"#,
            r#"[0,"a","/one","1"]"#,
            r#"[1,"a","/two","2"]"#,
            r#"["","else",2,0]"#,
        ]
    );
}

#[test]
fn secrets_are_variables_or_made_up() {
    let said = lines(
        "import secrets from 'k6/secrets';",
        "__ENV.known = 'a'; const show = (x) => console.log(x);
         secrets.get('known').then(show); secrets.source('other').get('unknown').then(show);
         secrets.get(1).catch((e) => show(e.message));",
    );
    assert_eq!(said, ["a", "secret:unknown", "secret key must be a string"]);
}

#[test]
fn addresses_have_parts() {
    let said = lines(
        "import { URL, URLSearchParams } from 'https://jslib.k6.io/url/1.0.0/index.js';",
        "const u = new URL('https://Test.example:443/a/../b?x=1#h'); u.searchParams.append('y', 'a b');
         console.log(u.toString(), u.host, u.searchParams.get('x'), new URL('../z', 'http://h/a/b/c').href);
         console.log(new URLSearchParams({ a: 1, b: 'c&d' }).toString());
         try { new URL('nothing'); } catch (e) { console.log(e.message); }",
    );
    assert_eq!(
        said,
        [
            "https://test.example/b?x=1&y=a+b#h test.example 1 http://h/a/z",
            "a=1&b=c%26d",
            "Invalid URL: nothing",
        ]
    );
}

#[test]
fn assertions_are_checks_and_end_their_block() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.js");
    let script = "
import { describe, expect } from 'https://jslib.k6.io/k6chaijs/4.3.4.3/index.js';
import http from 'k6/http';
export const options = { iterations: 2 };
export default function () {
  const passed = describe('boats', () => {
    expect(http.get('http://a.test/').status, 'response status').to.equal(200);
    expect([1, 2], 'list').to.be.an('array').that.includes(3);
    expect(1, 'never').to.equal(1);
  });
  console.log(passed);
}";
    std::fs::write(&path, script).unwrap();
    let (code, out, said) = run(&path, &["--summary-mode", "legacy", "--quiet"]);
    assert_eq!(code, 0, "{said}");
    assert!(
        out.contains("✓ expected response status to equal 200"),
        "{out}"
    );
    assert!(out.contains("✓ expected list to be an array"), "{out}");
    assert!(out.contains("✗ expected list to include 3"), "{out}");
    assert!(!out.contains("never"), "{out}");
    assert_eq!(said, "INFO false\nINFO false\n");
    let testing = "import { expect } from 'https://jslib.k6.io/k6-testing/0.5.0/index.js';
import http from 'k6/http';
export const options = { iterations: 5 };
export default function () { expect(http.get('http://a.test/').status).toBe(200); expect(__ITER).toBeLessThan(2); }";
    std::fs::write(&path, testing).unwrap();
    let (code, _, said) = run(&path, &["--quiet"]);
    assert_eq!(code, 108, "{said}");
    assert!(said.contains("toBeLessThan"), "{said}");
}

#[test]
fn an_iteration_without_time_says_what_was_thrown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.js");
    let script = "import http from 'k6/http';
export const options = { vus: 1, duration: '5s' };
export default function () { if (__ITER > 3) throw new Error('lost'); http.get('http://a.test/'); }";
    std::fs::write(&path, script).unwrap();
    let (code, _, said) = run(&path, &["--quiet"]);
    assert_eq!(code, 104);
    assert!(said.contains("took no time at all"), "{said}");
    assert!(said.contains("the script threw: Error: lost"), "{said}");
}

#[cfg(feature = "typescript")]
#[test]
fn scripts_in_typescript_run_without_their_types() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.ts");
    let helper = "export interface User { id: number }\nexport const name = (u: User): string => `u${u.id}`;\n";
    std::fs::write(folder.path().join("users.ts"), helper).unwrap();
    let script = "import http, { RefinedResponse } from 'k6/http';
import { Options } from 'k6/options';
import { name, User } from './users.ts';
export const options: Options = { iterations: 1 };
enum Kind { Slow = 1, Quick }
export default function (): void {
  const user: User = { id: 7 };
  const r: RefinedResponse<'text'> = http.get<'text'>(`http://a.test/${Kind.Quick as number}`);
  console.log(name(user), r.status!, Kind[Kind.Slow]);
}";
    std::fs::write(&path, script).unwrap();
    let (code, _, said) = run(&path, &["--quiet"]);
    assert_eq!((code, said.as_str()), (0, "INFO u7 200 Slow\n"));
    std::fs::write(&path, script.replace("user: User =", "user: =")).unwrap();
    let stub = capsim(folder.path(), &["stub", "test.ts"]);
    let said = text(stub.stderr);
    assert_eq!(stub.status.code(), Some(104));
    assert!(said.contains("test.ts:7:"), "{said}");
}
