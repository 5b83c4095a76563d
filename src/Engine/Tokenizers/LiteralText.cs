using System.Text;

namespace Orrery.Engine.Tokenizers;

/// <summary>
/// Marks texts of control tokens that stand in what strangers wrote, so that they stay text when a whole conversation is encoded with its control
/// tokens: the mark before them survives the chat template and is taken away when the text is encoded.
/// </summary>
internal static class LiteralText
{
    /// <summary>A noncharacter: no text has it, and text that does loses it (Unicode, section 23.7).</summary>
    private const char Mark = '\uFDD0';

    private static ReadOnlySpan<byte> MarkBytes => [0xEF, 0xB7, 0x90];

    /// <summary>The text with a mark before each text of a control token.</summary>
    public static string Of(string text, IEnumerable<string> controlTexts)
    {
        if (text.Contains(Mark, StringComparison.Ordinal)) text = text.Replace(Mark.ToString(), "", StringComparison.Ordinal);
        SortedSet<int>? starts = null;
        foreach (string control in controlTexts)
        {
            if (control.Length == 0) continue;
            for (int at = text.IndexOf(control, StringComparison.Ordinal); at >= 0; at = text.IndexOf(control, at + 1, StringComparison.Ordinal)) (starts ??= []).Add(at);
        }
        if (starts is null) return text;
        StringBuilder marked = new(text.Length + starts.Count);
        int copied = 0;
        foreach (int start in starts)
        {
            marked.Append(text, copied, start - copied).Append(Mark);
            copied = start;
        }
        return marked.Append(text, copied, text.Length - copied).ToString();
    }

    /// <summary>True where a mark stands at the end.</summary>
    public static bool IsMarked(ReadOnlySpan<byte> before) => before.EndsWith(MarkBytes);

    /// <summary>The text without marks; the same memory where there are none.</summary>
    public static ReadOnlySpan<byte> Without(ReadOnlySpan<byte> text)
    {
        if (text.IndexOf(MarkBytes) < 0) return text;
        byte[] plain = new byte[text.Length];
        int count = 0;
        while (!text.IsEmpty)
        {
            int at = text.IndexOf(MarkBytes);
            ReadOnlySpan<byte> part = at < 0 ? text : text[..at];
            part.CopyTo(plain.AsSpan(count));
            count += part.Length;
            text = at < 0 ? default : text[(at + MarkBytes.Length)..];
        }
        return plain.AsSpan(0, count);
    }
}
