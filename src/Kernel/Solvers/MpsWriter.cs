using System.Globalization;

namespace Orrery.Kernel.Solvers;

/// <summary>
/// Writes integer programmes in free MPS, the file format that every solver reads (IBM 1969; free form as CBC, GLPK and SCIP document it).
/// Variables are called <c>x0, x1, …</c> and constraints <c>r0, r1, …</c> in their order, as real names may hold what the format forbids;
/// comments name them. The objective is always minimised: a maximum is written with opposite signs.
/// </summary>
public static class MpsWriter
{
    /// <summary>Writes a programme.</summary>
    public static void Write(IntegerProgramme programme, TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(programme);
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteLine("NAME orrery FREE");
        writer.WriteLine("ROWS");
        writer.WriteLine(" N cost");
        for (int row = 0; row < programme.Constraints.Count; row++)
        {
            ProgrammeConstraint constraint = programme.Constraints[row];
            char kind = constraint.Relation switch { Relation.AtMost => 'L', Relation.Equal => 'E', _ => 'G' };
            writer.WriteLine($"* {OneLine(constraint.Name)}");
            writer.WriteLine($" {kind} r{row}");
        }
        WriteColumns(programme, writer);
        writer.WriteLine("RHS");
        for (int row = 0; row < programme.Constraints.Count; row++)
        {
            double bound = programme.Constraints[row].Bound;
            if (bound != 0) writer.WriteLine($" rhs r{row} {Text(bound)}");
        }
        writer.WriteLine("BOUNDS");
        for (int i = 0; i < programme.Variables.Count; i++) WriteBounds(programme.Variables[i], i, writer);
        writer.WriteLine("ENDATA");
    }

    private static void WriteColumns(IntegerProgramme programme, TextWriter writer)
    {
        var columns = new SortedDictionary<int, double>[programme.Variables.Count];
        for (int i = 0; i < columns.Length; i++) columns[i] = [];
        for (int row = 0; row < programme.Constraints.Count; row++)
        {
            foreach (Term term in programme.Constraints[row].Terms)
                columns[term.Variable][row] = columns[term.Variable].GetValueOrDefault(row) + term.Weight;
        }
        writer.WriteLine("COLUMNS");
        bool integer = false;
        for (int i = 0; i < columns.Length; i++)
        {
            ProgrammeVariable variable = programme.Variables[i];
            if (variable.IsInteger != integer)
            {
                integer = variable.IsInteger;
                writer.WriteLine($" marker{i} 'MARKER' {(integer ? "'INTORG'" : "'INTEND'")}");
            }
            writer.WriteLine($"* {OneLine(variable.Name)}");
            double cost = programme.Maximise ? -variable.Objective : variable.Objective;
            // A column that stands nowhere still has to be declared.
            if (cost != 0 || columns[i].Count == 0) writer.WriteLine($" x{i} cost {Text(cost)}");
            foreach ((int row, double weight) in columns[i]) writer.WriteLine($" x{i} r{row} {Text(weight)}");
        }
        if (integer) writer.WriteLine(" marker 'MARKER' 'INTEND'");
    }

    private static void WriteBounds(ProgrammeVariable variable, int index, TextWriter writer)
    {
        if (double.IsNegativeInfinity(variable.Lower) && double.IsPositiveInfinity(variable.Upper))
        {
            writer.WriteLine($" FR bound x{index}");
            return;
        }
        if (double.IsNegativeInfinity(variable.Lower)) writer.WriteLine($" MI bound x{index}");
        else writer.WriteLine($" LO bound x{index} {Text(variable.Lower)}");
        if (double.IsPositiveInfinity(variable.Upper)) writer.WriteLine($" PL bound x{index}");
        else writer.WriteLine($" UP bound x{index} {Text(variable.Upper)}");
    }

    private static string OneLine(string name) => name.ReplaceLineEndings(" ");

    private static string Text(double value) => (value == 0 ? 0 : value).ToString("R", CultureInfo.InvariantCulture);
}
