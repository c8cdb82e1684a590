//! Data files that a model names: none outside of its directory, and no word of what stands in them.

use super::{arg, capsim, file, stderr};

fn model(column: &str, path: &str) -> String {
    format!(
        "[scenarios.default]\nexecutor = \"constant-vus\"\nvus = 2\nduration = \"1s\"\njourney = \"j\"\n\
         [journeys]\nj = [{{ request = \"e\" }}]\n[endpoints.e]\n\
         visits = [{{ delay = {{ empirical = {{ file = \"{path}\", {column}unit = \"ms\" }} }} }}]\n"
    )
}

#[test]
fn a_model_reads_no_file_outside_of_its_directory() {
    let directory = tempfile::tempdir().unwrap();
    let inner = directory.path().join("inner");
    std::fs::create_dir_all(inner.join("data")).unwrap();
    let outside = file(directory.path(), "times.csv", "1\n2\n");
    file(&inner, "data/times.csv", "1\n2\n");
    let check = |path: &str, more: &[&str]| {
        let model = file(&inner, "m.toml", &model("", path));
        let mut all = vec!["check", arg(&model)];
        all.extend(more);
        let output = capsim(&all);
        (output.status.code(), stderr(&output))
    };
    let mut ways = vec!["../times.csv".to_owned(), "data/../../times.csv".to_owned()];
    ways.push(arg(&outside).to_owned());
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&outside, inner.join("link.csv")).unwrap();
        ways.push("link.csv".to_owned());
    }
    for way in &ways {
        let (code, said) = check(way, &[]);
        assert_eq!(code, Some(104), "{way}: {said}");
        assert!(
            said.contains("lies outside of the model's directory") && said.contains("--allow-path"),
            "{said}"
        );
        for allowed in [directory.path(), &outside] {
            let (code, said) = check(way, &["--allow-path", arg(allowed)]);
            assert_eq!((code, said.as_str()), (Some(0), ""), "{way}");
        }
    }
    // Whether there is such a file is not told either.
    let (_, said) = check("../no-such-file", &[]);
    assert!(said.contains("outside of the model's directory"), "{said}");
    for way in [
        "data/times.csv",
        "./data/../data/times.csv",
        arg(&inner.join("data/times.csv")),
    ] {
        assert_eq!(check(way, &[]), (Some(0), String::new()), "{way}");
    }
}

#[test]
fn no_message_tells_what_stands_in_a_data_file() {
    let directory = tempfile::tempdir().unwrap();
    for text in [
        "secret\n",
        "1\nsecret\n",
        "secret,b\n1\n",
        "a,secret\n1,2\n",
        "secret,x\n1,secret\n",
    ] {
        file(directory.path(), "data.csv", text);
        for column in [
            "",
            "column = \"a\", ",
            "column = \"x\", ",
            "column = \"secrets\", ",
        ] {
            let model = file(directory.path(), "m.toml", &model(column, "data.csv"));
            for command in ["check", "run", "explain"] {
                let output = capsim(&[command, arg(&model)]);
                let said = stderr(&output)
                    .replace("\"secrets\"", "")
                    .replace("`secrets`", "");
                assert!(!said.contains("secret"), "{text:?} {column}: {said}");
            }
        }
    }
}
