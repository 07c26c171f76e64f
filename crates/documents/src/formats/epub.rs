//! EPUB 3.3 and 2: the chapters in the order of the spine, each below its entry in the table of contents.

use std::collections::HashMap;

use super::html;
use super::xml::{Element, Tree, source};
use crate::archive::Archive;
use crate::document::{BlockKind, Document, Heading};
use crate::error::Error;
use crate::format::Format;
use crate::parsing_type::ParsingType;
use crate::place::Place;
use crate::request::Options;
use crate::text::shorten;

const CONTAINER: &str = "META-INF/container.xml";
/// The most characters of a title in a heading path: every block below repeats it.
const TITLE_CHARACTERS_MAX: usize = 200;
/// The most chapters in the spine.
const CHAPTERS_MAX: usize = 10_000;

/// Read an EPUB.
pub(super) fn parse(document: &mut Document, bytes: &[u8], options: &Options) -> Result<(), Error> {
    let mut archive = Archive::open(bytes, Format::Epub)?;
    // Fonts alone may be encrypted; chapters that are cannot be told from noise, so the book says so.
    if let Some(encryption) = archive.read("META-INF/encryption.xml")? {
        check_encryption(&encryption, options)?;
    }
    let container = required(&mut archive, CONTAINER)?;
    let package_path = with_tree(document, &container, options, |_, tree| {
        tree.elements()
            .find(|element| element.local() == "rootfile")
            .map(|file| file.value("full-path"))
    })?
    .ok_or_else(|| Error::damaged("its container names no package"))?;
    let package = required(&mut archive, &package_path)?;
    let base = folder(&package_path).to_owned();
    let book = with_tree(document, &package, options, |document, tree| {
        note(document, tree);
        Book::read(tree, &base)
    })?;
    document.encoding = None;
    if book.spine.len() > CHAPTERS_MAX {
        return Err(Error::TooLarge {
            limit: CHAPTERS_MAX as u64,
            what: "chapters",
        });
    }
    let titles = contents(document, &mut archive, &book, options)?;
    for (index, path) in book.spine.iter().enumerate() {
        let Some(content) = archive.read(path)? else {
            let message = format!("the chapter `{path}` is in the spine and not in the file");
            document.warn("missing_chapter", message, Place::default());
            continue;
        };
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        chapter(document, &content, titles.get(path), number, options)?;
    }
    document.encoding = None;
    document
        .metadata
        .insert("chapters".to_owned(), book.spine.len().into());
    if book.pictures > 0 {
        let message = format!("text in {} pictures is not extracted", book.pictures);
        document.warn("text_in_pictures", message, Place::default());
    }
    Ok(())
}

fn required(archive: &mut Archive, name: &str) -> Result<Vec<u8>, Error> {
    archive
        .read(name)?
        .ok_or_else(|| Error::damaged(format!("there is no `{name}` in it")))
}

/// Read a part that is XML and take something from it.
fn with_tree<T>(
    document: &mut Document,
    bytes: &[u8],
    options: &Options,
    take: impl FnOnce(&mut Document, &Tree) -> T,
) -> Result<T, Error> {
    let options = Options {
        encoding: None,
        ..options.clone()
    };
    let text = source(document, bytes, &options)?;
    let tree = Tree::read(document, &text)?;
    Ok(take(document, &tree))
}

/// Refuse a book whose text is encrypted.
fn check_encryption(bytes: &[u8], options: &Options) -> Result<(), Error> {
    let mut scratch = Document::new(Format::Xml.into(), ParsingType::Unstructured);
    let is_encrypted = with_tree(&mut scratch, bytes, options, |_, tree| {
        tree.elements().any(|element| {
            let name = element.value("URI").to_ascii_lowercase();
            element.local() == "CipherReference"
                && (name.ends_with("html") || name.ends_with("htm"))
        })
    })?;
    if is_encrypted {
        return Err(Error::Encrypted {
            format: Format::Epub,
        });
    }
    Ok(())
}

/// Note what the package says about the book.
fn note(document: &mut Document, tree: &Tree) {
    let Some(metadata) = tree
        .elements()
        .find(|element| element.local() == "metadata")
    else {
        return;
    };
    let known = [
        "title",
        "creator",
        "language",
        "publisher",
        "date",
        "identifier",
        "description",
        "subject",
        "rights",
    ];
    for element in metadata.children() {
        let Some(name) = known.iter().find(|name| **name == element.local()) else {
            continue;
        };
        let text = html::plain(&element.text());
        if text.is_empty() {
            continue;
        }
        if *name == "title" && document.title.is_none() {
            document.title = Some(text.clone());
        }
        let value = document.metadata.entry((*name).to_owned());
        value
            .and_modify(|known| {
                let joined = known.as_str().map(|known| format!("{known}; {text}"));
                *known = joined.unwrap_or_else(|| text.clone()).into();
            })
            .or_insert_with(|| text.clone().into());
    }
}

/// What the package lists, by path in the archive.
struct Book {
    spine: Vec<String>,
    /// The table of contents, and whether it is one of EPUB 3.
    contents: Option<(String, bool)>,
    pictures: usize,
}

impl Book {
    fn read(tree: &Tree, base: &str) -> Self {
        let mut items: HashMap<String, String> = HashMap::new();
        let (mut navigation, mut ncx, mut pictures) = (None, None, 0);
        for item in tree.elements().filter(|element| element.local() == "item") {
            let path = resolve(base, &item.value("href"));
            let media = item.value("media-type");
            if item
                .value("properties")
                .split_whitespace()
                .any(|property| property == "nav")
            {
                navigation = Some((path.clone(), true));
            }
            if media == "application/x-dtbncx+xml" {
                ncx = Some((path.clone(), false));
            }
            pictures += usize::from(media.starts_with("image/"));
            items.insert(item.value("id"), path);
        }
        let references = tree
            .elements()
            .filter(|element| element.local() == "itemref");
        let spine =
            references.filter_map(|reference| items.get(&*reference.value("idref")).cloned());
        let spine: Vec<_> = spine
            .filter(|path| navigation.as_ref().is_none_or(|(known, _)| known != path))
            .collect();
        Self {
            spine,
            contents: navigation.or(ncx),
            pictures,
        }
    }
}

/// The first title of each file that the table of contents names.
fn contents(
    document: &mut Document,
    archive: &mut Archive,
    book: &Book,
    options: &Options,
) -> Result<HashMap<String, String>, Error> {
    let mut titles = HashMap::new();
    let Some((path, is_navigation)) = &book.contents else {
        return Ok(titles);
    };
    let Some(bytes) = archive.read(path)? else {
        return Ok(titles);
    };
    let base = folder(path).to_owned();
    let read = with_tree(document, &bytes, options, |_, tree| {
        let mut add = |target: &str, title: String| {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !title.is_empty() {
                titles.entry(resolve(&base, file)).or_insert(title);
            }
        };
        if *is_navigation {
            let toc = tree.elements().find(|element| {
                element.local() == "nav"
                    && element.attribute("type").is_none_or(|kind| kind == "toc")
            });
            for link in toc.into_iter().flat_map(Element::descendants) {
                if link.local() == "a" {
                    add(&link.value("href"), link.text());
                }
            }
        } else {
            for point in tree
                .elements()
                .filter(|element| element.local() == "navPoint")
            {
                let target = point.child("content").map(|content| content.value("src"));
                let title = point.child("navLabel").map(Element::text);
                add(&target.unwrap_or_default(), title.unwrap_or_default());
            }
        }
    });
    if let Err(error) = read {
        let message = format!("the table of contents cannot be read: {error}");
        document.warn("bad_contents", message, Place::default());
    }
    Ok(titles)
}

/// Add a chapter: its blocks and tables, below the title that the table of contents gives it.
fn chapter(
    document: &mut Document,
    content: &[u8],
    title: Option<&String>,
    number: u32,
    options: &Options,
) -> Result<(), Error> {
    let mut inner = Document::new(Format::Html.into(), ParsingType::Unstructured);
    let options = Options {
        encoding: None,
        ..options.clone()
    };
    html::parse(&mut inner, content, &options)?;
    let solid =
        |text: &str| -> String { text.split_whitespace().collect::<String>().to_lowercase() };
    let opens_with_it = title.is_some_and(|title| {
        let first = inner
            .blocks
            .iter()
            .find(|block| block.kind == BlockKind::Heading);
        first.is_some_and(|heading| solid(&heading.text) == solid(title))
    });
    let above = title.filter(|_| !opens_with_it);
    let adapt = |place: &mut Place| {
        place.page = Some(number);
        // Lines of a file within an archive lead nowhere.
        place.lines = None;
        if let Some(title) = above {
            place
                .heading_path
                .insert(0, shorten(title, TITLE_CHARACTERS_MAX));
        }
    };
    if let Some(title) = above {
        let mut place = Place::default();
        adapt(&mut place);
        document.push_heading(Heading {
            level: 1,
            text: title.clone(),
            place,
        });
    }
    let deeper = u8::from(above.is_some());
    let mut tables: Vec<_> = inner.tables.into_iter().map(Some).collect();
    for mut block in inner.blocks {
        adapt(&mut block.place);
        let table = block
            .table
            .and_then(|index| tables.get_mut(index as usize)?.take());
        if let Some(mut table) = table {
            adapt(&mut table.place);
            if table.name.starts_with("table ") {
                table.name = format!("table {}", document.tables.len() + 1);
            }
            document.push_table(table);
        } else if block.kind == BlockKind::Heading {
            document.push_heading(Heading {
                level: block.level.unwrap_or(1).saturating_add(deeper),
                text: block.text,
                place: block.place,
            });
        } else {
            document.blocks.push(block);
        }
    }
    for mut warning in inner
        .warnings
        .into_iter()
        .filter(|warning| warning.code != "rows_left_out")
    {
        adapt(&mut warning.place);
        document.warn(&warning.code, warning.message, warning.place);
    }
    document.pages = Some(number);
    Ok(())
}

/// The folder of a path, with its slash.
fn folder(path: &str) -> &str {
    path.rfind('/')
        .and_then(|at| path.get(..=at))
        .unwrap_or_default()
}

/// The path that a reference means, seen from a folder. It names an entry of the archive, never a file.
fn resolve(base: &str, reference: &str) -> String {
    let decoded = super::drawio::url_decode(reference);
    let joined = match decoded.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None => format!("{base}{decoded}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}
