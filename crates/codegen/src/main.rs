//! `cargo run -p codegen`: writes `crates/proto/src/gen`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    codegen::write()
}
