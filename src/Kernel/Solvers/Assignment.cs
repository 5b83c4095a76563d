namespace Orrery.Kernel.Solvers;

/// <summary>
/// The assignment problem: each row gets a column of its own (or the other way round where rows are more), such that the sum of the
/// chosen cells is largest or smallest. Exact.
/// </summary>
/// <remarks>
/// Kuhn 1955 and Munkres 1957 in the form with potentials and one shortest augmenting path per row: O(rows² · columns) time and O(rows +
/// columns) memory beside the table. Deterministic: of equal choices the path takes the lowest column. Sums of whole numbers, and of
/// fractions with a power of two below, are exact as long as they stay below 2^53.
/// </remarks>
public static class Assignment
{
    /// <summary>Marks a row that got no column.</summary>
    public const int None = -1;

    /// <summary>The assignment with the largest sum.</summary>
    /// <param name="weights">Rows by columns, finite; negative ones are chosen too where every row must have a column.</param>
    /// <returns>For each row its column, or <see cref="None"/> for rows beyond the number of columns.</returns>
    /// <exception cref="ArgumentException">A weight is not finite.</exception>
    public static int[] Maximise(double[,] weights) => Solve(weights, -1);

    /// <summary>The assignment with the smallest sum; otherwise like <see cref="Maximise"/>.</summary>
    /// <inheritdoc cref="Maximise" path="/exception"/>
    public static int[] Minimise(double[,] costs) => Solve(costs, 1);

    /// <summary>The sum of the chosen cells.</summary>
    public static double Total(double[,] weights, ReadOnlySpan<int> columns)
    {
        ArgumentNullException.ThrowIfNull(weights);
        double sum = 0;
        for (int row = 0; row < columns.Length; row++)
            if (columns[row] != None) sum += weights[row, columns[row]];
        return sum;
    }

    private static int[] Solve(double[,] table, int sign)
    {
        ArgumentNullException.ThrowIfNull(table);
        foreach (double cell in table)
            if (!double.IsFinite(cell)) throw new ArgumentException($"the table has the cell {cell}; an assignment needs finite numbers", nameof(table));
        int rows = table.GetLength(0), columns = table.GetLength(1);
        int[] result = new int[rows];
        Array.Fill(result, None);
        if (rows == 0 || columns == 0) return result;
        bool turned = rows > columns;
        int[] rowOfColumn = turned ? Match(columns, rows, (i, j) => sign * table[j, i]) : Match(rows, columns, (i, j) => sign * table[i, j]);
        for (int j = 0; j < rowOfColumn.Length; j++)
        {
            if (rowOfColumn[j] == None) continue;
            if (turned) result[j] = rowOfColumn[j];
            else result[rowOfColumn[j]] = j;
        }
        return result;
    }

    /// <summary>Rows are at most as many as columns; every row is matched.</summary>
    /// <returns>For each column its row, or <see cref="None"/>.</returns>
    private static int[] Match(int rows, int columns, Func<int, int, double> cost)
    {
        // Column `columns` is a place for the row that looks for a column.
        double[] ofRow = new double[rows], ofColumn = new double[columns + 1], slack = new double[columns];
        int[] rowOf = new int[columns + 1], before = new int[columns];
        bool[] used = new bool[columns + 1];
        Array.Fill(rowOf, None);
        for (int row = 0; row < rows; row++)
        {
            rowOf[columns] = row;
            Array.Fill(slack, double.PositiveInfinity);
            Array.Clear(used);
            int at = columns;
            while (rowOf[at] != None)
            {
                used[at] = true;
                int from = rowOf[at], next = None;
                double least = double.PositiveInfinity;
                for (int j = 0; j < columns; j++)
                {
                    if (used[j]) continue;
                    double reduced = cost(from, j) - ofRow[from] - ofColumn[j];
                    if (reduced < slack[j])
                    {
                        slack[j] = reduced;
                        before[j] = at;
                    }
                    if (slack[j] < least)
                    {
                        least = slack[j];
                        next = j;
                    }
                }
                Shift(least, used, rowOf, ofRow, ofColumn, slack);
                at = next;
            }
            Augment(at, before, rowOf);
        }
        return rowOf[..columns];
    }

    /// <summary>Makes the best unused column free of cost, and keeps the used ones so.</summary>
    private static void Shift(double by, bool[] used, int[] rowOf, double[] ofRow, double[] ofColumn, double[] slack)
    {
        for (int j = 0; j < used.Length; j++)
        {
            if (used[j])
            {
                ofRow[rowOf[j]] += by;
                ofColumn[j] -= by;
            }
            else
            {
                slack[j] -= by;
            }
        }
    }

    private static void Augment(int free, int[] before, int[] rowOf)
    {
        int start = before.Length;
        for (int at = free; at != start;)
        {
            int previous = before[at];
            rowOf[at] = rowOf[previous];
            at = previous;
        }
    }
}
