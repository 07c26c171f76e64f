//! `validate_file`: check a file against rules.

mod rules;

use civitas_documents::{Document, Place, Request};
use civitas_intent::error::Reason;
use civitas_intent::host::Stored;
use civitas_intent::prelude::*;
use civitas_model::Timestamp;

use crate::facts;
use crate::{blob, parse_content, preview};
use rules::ValidationRules;

/// The name under which a tenant states its rules.
const STATED: &str = "validation_rules";
/// Findings of a kind that are listed.
const FINDINGS_MAX: usize = 200;
/// Characters of a warning's text.
const MESSAGE_CHARACTERS: usize = 500;

/// Check a file against rules: its type and size, its encoding, the columns and types of its tables, its headings, what
/// its text must say.
///
/// Without rules of its own a call uses those that the tenant states once (`PUT /api/content/validation-rules`); without either it is checked
/// that the file can be read. A file that breaks a rule is not a failure: the answer says `valid: false`, with every error and
/// its place.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ValidateFile {
    /// The file.
    file_id: Option<FileId>,
    /// The file by its reference, `file:<tenant>:<session>:<file_id>`.
    #[schemars(length(min = 1, max = 1024))]
    file_reference: Option<String>,
    /// What must be true of the file; all of it. When absent, what the tenant states; `{}` for nothing but that it can be read.
    #[serde(default)]
    #[schemars(with = "ValidationRules")]
    validation_rules: Option<ValidationRules>,
}

/// What came of the check.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ValidationResults {
    /// The file.
    file_id: FileId,
    /// Whether no rule was broken.
    valid: bool,
    /// What breaks a rule, up to 200.
    errors: Vec<Finding>,
    /// How many errors there are.
    error_count: u64,
    /// What is odd and breaks no rule, up to 200.
    warnings: Vec<Finding>,
    /// How many warnings there are.
    warning_count: u64,
    /// The rules it was checked against, those that say nothing left out.
    rules_applied: Value,
    /// Where they are from.
    rules_from: RulesFrom,
    /// Which version of the tenant's rules, when they are the tenant's.
    rules_version: Option<u64>,
    /// How many rules were checked, that the file can be read among them.
    rules_checked: u64,
    /// The type by content.
    file_type: String,
    /// The character encoding of a text, by its WHATWG name.
    encoding: Option<String>,
    /// When it was checked.
    validated_at: Timestamp,
}

/// Where rules are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum RulesFrom {
    /// The call brought them.
    Call,
    /// The tenant states them for every file.
    Tenant,
    /// There are none.
    Nobody,
}

/// Rules to apply, and where they are from.
struct Rules {
    rules: ValidationRules,
    from: RulesFrom,
    version: Option<u64>,
}

/// Something that was found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Finding {
    /// The rule that is broken, or the code of the warning.
    rule: String,
    /// What is wrong, and what was expected.
    message: String,
    /// Where it is; null for the file as a whole.
    place: Option<Place>,
}

impl Finding {
    fn new(rule: &str, message: String, place: Option<Place>) -> Self {
        Self {
            rule: rule.to_owned(),
            message,
            place,
        }
    }
}

impl Intent for ValidateFile {
    const NAME: &'static str = "validate_file";
    const ARTIFACT: &'static str = "validation_results";
    const EVENTS: &'static [&'static str] = &["file_validated"];
    const POLICY: Policy = Policy {
        concurrency_max: 8,
        ..Policy::READING
    };
    type Output = ValidationResults;

    fn check(&self) -> std::result::Result<(), Invalid> {
        facts::named(self.file_id.as_ref(), self.file_reference.as_deref())?;
        let rules = self.validation_rules.as_ref();
        rules.map_or(Ok(()), ValidationRules::check)
    }

    async fn handle(self, cx: &mut Context) -> Result<Answer<ValidationResults>> {
        self.check()?;
        let Rules {
            rules,
            from: rules_from,
            version: rules_version,
        } = applied(cx, self.validation_rules).await?;
        let file =
            facts::find_by(cx, self.file_id.as_ref(), self.file_reference.as_deref()).await?;
        facts::must_have_bytes(&file)?;
        let mut errors = rules.of_facts(&file);
        let mut warnings = contradiction(&file);
        let mut encoding = None;
        match read(cx, &file).await? {
            Ok(document) => {
                errors.extend(rules.of_content(&document));
                warnings.extend(of_reading(&document));
                encoding = document.encoding;
            }
            Err(why) => errors.push(Finding::new("readable", why, None)),
        }
        let validated_at = cx.now().await?;
        let payload = ValidationResults {
            valid: errors.is_empty(),
            error_count: errors.len() as u64,
            warning_count: warnings.len() as u64,
            errors: errors.into_iter().take(FINDINGS_MAX).collect(),
            warnings: warnings.into_iter().take(FINDINGS_MAX).collect(),
            rules_applied: rules.stated(),
            rules_from,
            rules_version,
            rules_checked: rules.count() + 1,
            file_id: file.file_id,
            file_type: file.file_type,
            encoding,
            validated_at,
        };
        let event = json!({
            "file_id": payload.file_id,
            "valid": payload.valid,
            "error_count": payload.error_count,
        });
        cx.emit("file_validated", event).await?;
        Ok(payload.into())
    }
}

/// The rules that the call brings, or those the tenant states.
async fn applied(cx: &mut Context, brought: Option<ValidationRules>) -> Result<Rules> {
    if let Some(rules) = brought {
        return Ok(Rules {
            rules,
            from: RulesFrom::Call,
            version: None,
        });
    }
    let Some(stated) = cx.stated(STATED).await? else {
        return Ok(Rules {
            rules: ValidationRules::default(),
            from: RulesFrom::Nobody,
            version: None,
        });
    };
    // They were checked when they were stated, perhaps by an older program.
    let rules: ValidationRules = serde_json::from_value(stated.value).map_err(|error| {
        reject(format!(
            "the rules that your tenant states cannot be used any more ({error}): state them again, or send validation_rules"
        ))
    })?;
    Ok(Rules {
        rules,
        from: RulesFrom::Tenant,
        version: Some(stated.version),
    })
}

/// What was read of the file before, or is read now; or why it cannot be read.
pub(crate) async fn read(
    cx: &mut Context,
    file: &File,
) -> Result<std::result::Result<Document, String>> {
    let artifact = facts::artifact_of(cx, file).await?;
    let newest = match facts::newest_reading(&artifact) {
        Some(newest) => cx.artifact(&newest).await?,
        None => None,
    };
    let limit = parse_content::DOCUMENT_BYTES_MAX;
    if let Some(digest) = newest.as_ref().and_then(blob::digest) {
        return Ok(Ok(parse_content::read_document(cx, digest, limit).await?));
    }
    let request = Request::new(parse_content::file_name(file));
    let parsing = cx.sandbox(&file.digest, json!(request));
    let stored: std::result::Result<Stored, String> = cx
        .step("read", async {
            match parsing.await {
                Ok(stored) => Ok(Ok(stored)),
                Err(error) => match error.reason() {
                    Reason::Reject { message, .. } => Ok(Err(message.clone())),
                    _ => Err(error),
                },
            }
        })
        .await?;
    match stored {
        Ok(stored) => parse_content::read_document(cx, &stored.digest, stored.size)
            .await
            .map(Ok),
        Err(why) => Ok(Err(why)),
    }
}

fn contradiction(file: &File) -> Vec<Finding> {
    let said = file.metadata.get("type_contradiction");
    let said = said.and_then(Value::as_str);
    said.map(|said| Finding::new("type_contradiction", said.to_owned(), None))
        .into_iter()
        .collect()
}

fn of_reading(document: &Document) -> impl Iterator<Item = Finding> {
    document.warnings.iter().map(|warning| {
        let message = preview::shorten(&warning.message, MESSAGE_CHARACTERS);
        Finding::new(&warning.code, message, Some(warning.place.clone()))
    })
}
