using Orrery.Documents.Parsing;
using Orrery.Kernel;

namespace Orrery.Documents;

/// <summary>Reads YAML 1.2 (JSON is YAML) into a tree that knows the place of every value.</summary>
/// <remarks>
/// One document per file; keys are text and appear once; anchors and aliases work; tags and merge keys (<c>&lt;&lt;</c>) are refused.
/// Nesting, the growth by aliases and the size of a file are bounded, so that a hostile file costs an error and not the memory of the
/// machine.
/// </remarks>
public static class Document
{
    /// <summary>Deepest nesting of lists and mappings.</summary>
    public const int MaxDepth = 64;

    /// <summary>Most values that aliases may copy.</summary>
    public const int MaxAliasedNodes = 100_000;

    /// <summary>Parses a text; <paramref name="origin"/> is the file name that errors show. An empty text gives a Null node.</summary>
    /// <exception cref="InputException">The text is no YAML, or uses what the remarks refuse.</exception>
    public static Node Parse(string text, string origin) => new TreeBuilder(text, origin).Build();

    /// <summary>Reads a file as it stands (<c>include:</c> stays an ordinary key).</summary>
    /// <exception cref="InputException">The file is missing, unreadable or malformed.</exception>
    public static Node Load(string path) => Parse(InputFile.ReadAllText(path), path);

    /// <summary>
    /// Reads a file and everything it includes: a mapping may have <c>include: other.yaml</c> or a list of files, relative to the including
    /// file. They are merged beneath the mapping: mappings key by key, lists and scalars whole; the including file wins over the included
    /// ones, and a later included file over an earlier one. Every value keeps the place it was written at.
    /// </summary>
    /// <exception cref="InputException">As <see cref="Load"/>, or an include is missing, circular or no mapping.</exception>
    public static Node LoadWithIncludes(string path) => new IncludeLoader().Load(path);
}
