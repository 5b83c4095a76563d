namespace Orrery.Engine.Tokenizers.Splitting;

/// <summary>
/// Cuts runs of numbers into threes counted from their right end, 1234567 as 1 234 567.
/// The expression for it looks ahead to the end of the run from every digit; this rule reads each run once.
/// </summary>
internal sealed class DigitThrees : ISplitRule
{
    private const int Group = 3;

    public void Split(CodePointText text, int start, int end, List<int> ends)
    {
        ReadOnlySpan<byte> classes = text.Classes;
        int gap = start;
        int position = start;
        while (position < end)
        {
            int run = WordKinds.RunEnd(classes, position, end, WordKind.Number);
            if (run == position)
            {
                position++;
                continue;
            }
            if (position > gap) ends.Add(position);
            int leading = (run - position) % Group;
            if (leading > 0) ends.Add(position + leading);
            for (int stop = position + leading + Group; stop <= run; stop += Group) ends.Add(stop);
            gap = position = run;
        }
        if (end > gap) ends.Add(end);
    }
}
