using System.Globalization;

namespace Orrery.Documents;

/// <summary>Where a value was written: a file with line and column (both from 1), or a flag of the command line (line 0).</summary>
internal readonly record struct Position(string Origin, int Line, int Column)
{
    public override string ToString() => Line == 0 ? Origin : string.Create(CultureInfo.InvariantCulture, $"{Origin}:{Line}:{Column}");
}
