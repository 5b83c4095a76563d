namespace Orrery.Engine.Tokenizers.Splitting;

/// <summary>One pass of a pre-tokeniser: cuts a stretch of text into pieces that later merges never cross.</summary>
internal interface ISplitRule
{
    /// <summary>Appends the ends (exclusive, rising, the last is <paramref name="end"/>) of the pieces of the stretch. The stretch is seen as if it were the whole text.</summary>
    void Split(CodePointText text, int start, int end, List<int> ends);
}
