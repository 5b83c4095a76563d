namespace Orrery.Engine.Tokenizers.Splitting;

/// <summary>Cuts off the white space at the end of the stretch: the expression <c>\s+$</c>, but in time proportional to the text.</summary>
internal sealed class TrailingSpace : ISplitRule
{
    public void Split(CodePointText text, int start, int end, List<int> ends)
    {
        ReadOnlySpan<byte> classes = text.Classes;
        int space = end;
        while (space > start && WordKinds.Of[classes[space - 1]] == WordKind.Space) space--;
        if (space > start) ends.Add(space);
        if (space < end) ends.Add(end);
    }
}
