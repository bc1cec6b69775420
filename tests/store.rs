//! The corpus of the fuzz target `chunk`, replayed.

#[path = "support/chunk.rs"]
mod chunk;

#[test]
fn the_fuzzing_corpus_stays_good() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/chunk");
    #[expect(clippy::disallowed_methods, reason = "a test reads its own corpus")]
    let files: Vec<Vec<u8>> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    let samples: usize = files.iter().map(|bytes| chunk::check(bytes)).sum();
    assert!(files.len() >= 6 && samples > 2_000, "{} files, {samples} samples", files.len());
}
