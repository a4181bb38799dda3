//! The committed code is what the committed text makes.

#[test]
fn committed_code_is_what_the_proto_text_makes() {
    let files = codegen::generate().expect("the .proto text compiles");
    assert!(files.len() > 7, "one file per package, and the methods");
    for (name, content) in &files {
        let committed = std::fs::read_to_string(codegen::gen_dir().join(name)).unwrap_or_default();
        assert!(*content == committed, "{name} is stale: run `cargo run -p codegen`");
    }
    let committed = std::fs::read_dir(codegen::gen_dir()).expect("the folder is there").count();
    assert_eq!(committed, files.len(), "a file in src/gen is no longer made");
}
