namespace Orrery.Engine.Tokenizers.Splitting;

/// <summary>Cuts out every match of a pattern, from left to right; what lies between two matches stays together.</summary>
/// <remarks>A back-tracking matcher over code points with its own stack: the framework's expressions count surrogate halves and cannot be compiled in the product.</remarks>
internal sealed class PatternRule(string pattern) : ISplitRule
{
    private readonly PatternInstruction[] _program = PatternProgram.Compile(pattern);

    public string Pattern => pattern;

    public void Split(CodePointText text, int start, int end, List<int> ends)
    {
        var matcher = new Matcher(_program, text, end);
        int gap = start;
        int position = start;
        while (position < end)
        {
            int stop = matcher.Match(0, position);
            if (stop <= position)
            {
                position++;
                continue;
            }
            if (position > gap) ends.Add(position);
            ends.Add(stop);
            gap = stop;
            position = stop;
        }
        if (end > gap) ends.Add(end);
    }

    private readonly ref struct Matcher(PatternInstruction[] program, CodePointText text, int end)
    {
        private readonly ReadOnlySpan<byte> _classes = text.Classes;
        private readonly ReadOnlySpan<int> _points = text.Points;

        /// <summary>Where to go on when the present way fails: instruction, place, and the lowest place that may be tried with it.</summary>
        private readonly Stack<(int At, int Position, int Lowest)> _ways = text.Ways;

        /// <returns>The end of the match that begins at the position, or -1.</returns>
        public int Match(int at, int position)
        {
            int floor = _ways.Count;
            while (true)
            {
                PatternInstruction now = program[at];
                bool fits = true;
                switch (now.Op)
                {
                    case PatternOp.Accept:
                        while (_ways.Count > floor) _ways.Pop();
                        return position;
                    case PatternOp.One:
                        fits = position < end && now.Set!.Contains(_classes[position], _points[position]);
                        position++;
                        at++;
                        break;
                    case PatternOp.Run or PatternOp.FirmRun:
                        int lowest = position + now.Least;
                        position = RunEnd(now, position);
                        fits = position >= lowest;
                        if (position > lowest && now.Op == PatternOp.Run) _ways.Push((at + 1, position - 1, lowest));
                        at++;
                        break;
                    case PatternOp.Fork:
                        _ways.Push((now.Target, position, position));
                        at++;
                        break;
                    case PatternOp.Jump:
                        at = now.Target;
                        break;
                    default:
                        fits = Match(at + 1, position) >= 0 == (now.Op == PatternOp.LookFor);
                        at = now.Target;
                        break;
                }
                if (fits) continue;
                if (_ways.Count == floor) return -1;
                (at, position, int low) = _ways.Pop();
                if (position > low) _ways.Push((at, position - 1, low));
            }
        }

        private int RunEnd(in PatternInstruction now, int position)
        {
            int limit = now.Most < end - position ? position + now.Most : end;
            CharSet set = now.Set!;
            while (position < limit && set.Contains(_classes[position], _points[position])) position++;
            return position;
        }
    }
}
