using System.Text;

namespace Orrery.Engine.Tokenizers;

/// <summary>A stretch of text, or a token that was written out in it.</summary>
/// <param name="Start">First byte.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Token">The token, or -1 for text.</param>
internal readonly record struct TextPiece(int Start, int Length, int Token);

/// <summary>
/// Finds tokens that are matched in the raw text before anything else: longer ones first, each from left to right in what is left.
/// User-defined tokens always; control and unknown tokens only on request.
/// </summary>
/// <remarks>Order of matching as in llama.cpp (b). Among tokens of one length, where it leaves the order open, the lower id goes first.</remarks>
internal sealed class SpecialTextSplitter
{
    private readonly Entry[] _entries;

    private readonly record struct Entry(byte[] Text, int Id, bool IsControl, bool TrimsBefore, bool TrimsBehind);

    /// <param name="table">The vocabulary with final kinds.</param>
    /// <param name="trimsBefore">Tokens that swallow white space before them.</param>
    /// <param name="trimsBehind">Tokens that swallow white space behind them.</param>
    public SpecialTextSplitter(VocabularyTable table, Func<int, bool> trimsBefore, Func<int, bool> trimsBehind)
    {
        var entries = new List<Entry>();
        for (int id = 0; id < table.Size; id++)
        {
            if (table.Kinds[id] is TokenKind.Control or TokenKind.UserDefined or TokenKind.Unknown)
                entries.Add(new(Encoding.UTF8.GetBytes(table.Texts[id]), id, table.Kinds[id] != TokenKind.UserDefined, trimsBefore(id), trimsBehind(id)));
        }
        _entries = [.. entries.OrderByDescending(entry => entry.Text.Length)];
    }

    /// <param name="text">UTF-8.</param>
    /// <param name="parseSpecial">Whether control tokens count too.</param>
    /// <param name="pieces">Cleared; receives text and tokens in order, no text empty.</param>
    /// <param name="scratch">A second list to work with.</param>
    public void Split(ReadOnlySpan<byte> text, bool parseSpecial, List<TextPiece> pieces, List<TextPiece> scratch)
    {
        pieces.Clear();
        if (text.IsEmpty) return;
        pieces.Add(new(0, text.Length, -1));
        if (_entries.Length == 0) return;
        // Vocabularies have up to thousands of such tokens and a text few of them: most fall at their first two bytes.
        Span<ulong> pairs = stackalloc ulong[1 << 10];
        pairs.Clear();
        for (int i = 0; i + 1 < text.Length; i++) Mark(pairs, PairAt(text, i));
        foreach (Entry entry in _entries)
        {
            if (entry.IsControl && !parseSpecial) continue;
            if (entry.Text.Length > 1 && !IsMarked(pairs, PairAt(entry.Text, 0))) continue;
            if (text.IndexOf(entry.Text) < 0) continue;
            scratch.Clear();
            scratch.AddRange(pieces);
            pieces.Clear();
            foreach (TextPiece piece in scratch) Cut(text, piece, entry, pieces);
        }
    }

    private static void Cut(ReadOnlySpan<byte> text, TextPiece piece, in Entry entry, List<TextPiece> pieces)
    {
        if (piece.Token >= 0)
        {
            pieces.Add(piece);
            return;
        }
        int start = piece.Start;
        int end = piece.Start + piece.Length;
        int searched = start;
        while (searched < end)
        {
            int found = text[searched..end].IndexOf(entry.Text);
            if (found < 0) break;
            int before = searched + found;
            int behind = before + entry.Text.Length;
            if (entry.IsControl && LiteralText.IsMarked(text[..before]))
            {
                // Somebody wrote the name of a token and meant no more than that.
                searched = behind;
                continue;
            }
            if (entry.TrimsBefore)
            {
                while (before > start && IsSpace(text[before - 1])) before--;
            }
            if (before > start) pieces.Add(new(start, before - start, -1));
            pieces.Add(new(0, 0, entry.Id));
            if (entry.TrimsBehind)
            {
                while (behind < end && IsSpace(text[behind])) behind++;
            }
            start = searched = behind;
        }
        if (start < end) pieces.Add(new(start, end - start, -1));
    }

    /// <summary>Texts of the tokens that count only on request.</summary>
    public IEnumerable<string> ControlTexts => _entries.Where(entry => entry.IsControl).Select(entry => Encoding.UTF8.GetString(entry.Text));

    private static bool IsSpace(byte value) => value is (byte)' ' or >= (byte)'\t' and <= (byte)'\r';

    /// <summary>Two neighbouring bytes, folded to 16 bits.</summary>
    private static int PairAt(ReadOnlySpan<byte> text, int at) => text[at] << 8 | text[at + 1];

    private static void Mark(Span<ulong> pairs, int pair) => pairs[pair >> 6] |= 1UL << (pair & 63);

    private static bool IsMarked(ReadOnlySpan<ulong> pairs, int pair) => (pairs[pair >> 6] >> (pair & 63) & 1) != 0;
}
