using Orrery.Kernel;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Orrery.Documents.Parsing;

/// <summary>Turns the events of one YAML text into a tree of nodes.</summary>
/// <param name="text">The whole text.</param>
/// <param name="origin">What errors show as the file.</param>
/// <param name="isFlag">The text stands on the command line: its origin says it all, line and column would only confuse.</param>
internal sealed class TreeBuilder(string text, string origin, bool isFlag = false)
{
    /// <summary>A key longer than this is a missing colon or a hostile file; the bound also keeps paths short.</summary>
    private const int LongestKey = 200;

    private readonly Parser _parser = new(new StringReader(text));
    private readonly Dictionary<string, Node> _anchors = new(StringComparer.Ordinal);
    private int _depth;
    private int _aliasedNodes;

    public Node Build()
    {
        Next();
        ParsingEvent first = Next();
        if (first is StreamEnd) return Node.Scalar("", isPlain: true, At(first), At(first), "");
        Node root = Value(Next(), "", null);
        Next();
        ParsingEvent end = Next();
        if (end is not StreamEnd)
            throw new InputException($"{At(end)}: a second document starts here; keep one document in a file");
        return root;
    }

    private Node Value(ParsingEvent current, string path, Position? keyPosition)
    {
        Position position = At(current);
        Position key = keyPosition ?? position;
        if (current is AnchorAlias alias) return Alias(alias, path, key);
        var content = (NodeEvent)current;
        if (!content.Tag.IsEmpty)
            throw Problem(position, path, $"the tag '{Quantities.Shorten(content.Tag.Value)}' is not used here; remove it");
        Node node = content switch
        {
            Scalar scalar => Node.Scalar(scalar.Value, scalar.Style == ScalarStyle.Plain, position, key, path),
            SequenceStart => Sequence(position, key, path),
            MappingStart => Mapping(position, key, path),
            _ => throw new InvalidOperationException($"unexpected event {content.GetType().Name}"),
        };
        if (!content.Anchor.IsEmpty) _anchors[content.Anchor.Value] = node;
        return node;
    }

    private Node Sequence(Position position, Position key, string path)
    {
        Enter(position, path);
        var items = new List<Node>();
        for (ParsingEvent current = Next(); current is not SequenceEnd; current = Next())
            items.Add(Value(current, DocumentPath.Join(path, items.Count), null));
        _depth--;
        return Node.Sequence(items, position, key, path);
    }

    private Node Mapping(Position position, Position key, string path)
    {
        Enter(position, path);
        var entries = new List<KeyValuePair<string, Node>>();
        var firsts = new Dictionary<string, Position>(StringComparer.Ordinal);
        for (ParsingEvent current = Next(); current is not MappingEnd; current = Next())
        {
            Position here = At(current);
            string name = Key(current, here, path);
            if (!firsts.TryAdd(name, here))
            {
                string first = isFlag ? "" : $" (first at line {firsts[name].Line})";
                throw Problem(here, path, $"the key '{name}' appears twice{first}; keep one of them");
            }
            entries.Add(KeyValuePair.Create(name, Value(Next(), DocumentPath.Join(path, name), here)));
        }
        _depth--;
        return Node.Mapping(entries, position, key, path);
    }

    private static string Key(ParsingEvent current, Position here, string path)
    {
        if (current is not Scalar scalar)
            throw Problem(here, path, "a key must be plain text, not a list, a mapping or an alias (write text with braces in quotes)");
        if (!scalar.Tag.IsEmpty || !scalar.Anchor.IsEmpty) throw Problem(here, path, "a key must be plain text, without tag or anchor");
        if (scalar.Style == ScalarStyle.Plain && PlainScalars.IsNull(scalar.Value))
            throw Problem(here, path, "a key is empty; write text before the colon");
        if (scalar.Style == ScalarStyle.Plain && scalar.Value == "<<")
            throw Problem(here, path, "the merge key '<<' is not YAML 1.2; share settings with 'include: file.yaml'");
        if (scalar.Value.Length > LongestKey)
            throw Problem(here, path, $"a key of {scalar.Value.Length} characters is too long (at most {LongestKey}); is a colon missing?");
        return scalar.Value;
    }

    private Node Alias(AnchorAlias alias, string path, Position key)
    {
        Position position = At(alias);
        if (!_anchors.TryGetValue(alias.Value.Value, out Node? target))
            throw Problem(position, path, $"no anchor &{alias.Value.Value} stands before this alias" + Known(alias.Value.Value));
        // Sizes are counted before the copy is made: nested aliases multiply.
        if (!Fits(target, Document.MaxAliasedNodes - _aliasedNodes, _depth, out int size))
        {
            throw Problem(
                position, path,
                $"the aliases of this document copy more than {Document.MaxAliasedNodes} values or nest deeper than {Document.MaxDepth}; "
                + "write it out or split it");
        }
        _aliasedNodes += size;
        return target.At(path, key);
    }

    private string Known(string name) => _anchors.Count == 0 ? "" : Names.Suggest(name, _anchors.Keys);

    private static bool Fits(Node node, int budget, int depth, out int size)
    {
        size = 1;
        if (depth > Document.MaxDepth) return false;
        foreach (Node child in node.Items.Concat(node.Entries.Select(entry => entry.Value)))
        {
            bool fits = Fits(child, budget - size, depth + 1, out int inner);
            size += inner;
            if (!fits) return false;
        }
        return size <= budget;
    }

    private void Enter(Position position, string path)
    {
        if (++_depth > Document.MaxDepth)
            throw Problem(position, path, $"lists and mappings are nested deeper than {Document.MaxDepth} levels");
    }

    private ParsingEvent Next()
    {
        try
        {
            while (_parser.MoveNext())
                if (_parser.Current is not (null or Comment)) return _parser.Current;
        }
        catch (YamlException failure)
        {
            throw isFlag ? SyntaxProblems.ExplainFlag(origin, failure) : SyntaxProblems.Explain(text, origin, failure);
        }
        catch (Exception failure) when (failure is ArgumentException or InvalidOperationException or FormatException or OverflowException)
        {
            // Some malformed texts trip the parser over its own state; the last value it understood is the best clue there is.
            throw new InputException(
                $"{Last()}: the text after this place is not valid YAML; look for a bracket or a quote that is not closed", failure);
        }
        throw new InputException($"{Last()}: the text ends in the middle of a value");
    }

    private Position Last() => _parser.Current is { } last ? At(last) : new(origin, 0, 0);

    private Position At(ParsingEvent parsingEvent) =>
        isFlag ? new(origin, 0, 0) : new(origin, (int)parsingEvent.Start.Line, (int)parsingEvent.Start.Column);

    private static InputException Problem(Position position, string path, string sentence) =>
        new(path.Length == 0 ? $"{position}: {sentence}" : $"{position}: {path}: {sentence}");
}
