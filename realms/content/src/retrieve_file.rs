//! `retrieve_file`: a file's facts and its content.

use civitas_intent::prelude::*;

use crate::declared::is_text;
use crate::facts::{self, FileFacts};

/// The largest text that is answered inline, in bytes.
const INLINE_BYTES_MAX: u64 = 1024 * 1024;

/// Get a file with its content: text of up to 1 MiB inline, anything else by its download path.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct RetrieveFile {
    /// The file.
    file_id: Option<FileId>,
    /// The file by its reference, `file:<tenant>:<session>:<file_id>`.
    #[schemars(length(min = 1, max = 1024))]
    file_reference: Option<String>,
    /// Whether to answer the content too.
    #[serde(default = "yes")]
    include_contents: bool,
}

const fn yes() -> bool {
    true
}

/// A file and the way to its content. Text is rendered as `file_contents`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RetrievedFile {
    #[serde(flatten)]
    facts: FileFacts,
    /// Whether the content is rendered as `file_contents`.
    contents_included: bool,
    /// Why it is not, when it was asked for.
    contents_note: Option<String>,
    /// Where the exact bytes can be downloaded.
    download_path: String,
}

impl Intent for RetrieveFile {
    const NAME: &'static str = "retrieve_file";
    const ARTIFACT: &'static str = "file";
    const POLICY: Policy = Policy::READING;
    type Output = RetrievedFile;

    fn check(&self) -> std::result::Result<(), Invalid> {
        facts::named(self.file_id.as_ref(), self.file_reference.as_deref())
    }

    async fn handle(self, cx: &mut Context) -> Result<Answer<RetrievedFile>> {
        let file =
            facts::find_by(cx, self.file_id.as_ref(), self.file_reference.as_deref()).await?;
        facts::must_have_bytes(&file)?;
        let contents = if self.include_contents {
            Some(contents(cx, &file).await?)
        } else {
            None
        };
        let payload = |included, note| RetrievedFile {
            download_path: format!("/api/content/files/{}/content", file.file_id),
            facts: file.into(),
            contents_included: included,
            contents_note: note,
        };
        Ok(match contents {
            Some(Ok(text)) => Answer::new(payload(true, None)).rendering("file_contents", text),
            Some(Err(note)) => payload(false, Some(note)).into(),
            None => payload(false, None).into(),
        })
    }
}

/// The file's text, or why it cannot be answered inline.
async fn contents(cx: &Context, file: &File) -> Result<std::result::Result<String, String>> {
    if !is_text(&file.mime_type) {
        return Ok(Err(format!(
            "{} is not text: download it, or get what was read of it with get_parsed_file",
            file.mime_type
        )));
    }
    if file.size > INLINE_BYTES_MAX {
        return Ok(Err(format!(
            "the file has {} bytes, more than the {INLINE_BYTES_MAX} that are answered inline: download it",
            file.size
        )));
    }
    let bytes = cx.get_blob(&file.digest, INLINE_BYTES_MAX).await?;
    Ok(String::from_utf8(bytes.into()).map_err(|_| {
        "the text is not in UTF-8: download it, or get it converted with parse_content and get_parsed_file"
            .to_owned()
    }))
}
