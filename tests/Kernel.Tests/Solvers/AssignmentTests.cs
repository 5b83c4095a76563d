using Orrery.Kernel.Random;
using Orrery.Kernel.Solvers;

namespace Orrery.Kernel.Tests.Solvers;

public sealed class AssignmentTests
{
    [Fact]
    public void A_known_table_has_its_known_answer()
    {
        double[,] costs = { { 4, 1, 3 }, { 2, 0, 5 }, { 3, 2, 2 } };
        int[] columns = Assignment.Minimise(costs);
        Assert.Equal([1, 0, 2], columns);
        Assert.Equal(5, Assignment.Total(costs, columns));
        Assert.Equal(11, Assignment.Total(costs, Assignment.Maximise(costs)));
    }

    [Fact]
    public void The_greedy_choice_is_not_the_best_one() =>
        Assert.Equal([1, 0], Assignment.Maximise(new double[,] { { 10, 9 }, { 9, 1 } }));

    [Fact]
    public void Any_small_table_agrees_with_every_permutation()
    {
        RandomStream random = RandomStream.Root(7);
        for (int round = 0; round < 400; round++)
        {
            int rows = 1 + random.NextInt(6), columns = 1 + random.NextInt(6);
            // Few distinct values give many ties; fractions of 16 are exact.
            double[,] table = new double[rows, columns];
            for (int i = 0; i < rows; i++)
                for (int j = 0; j < columns; j++) table[i, j] = (random.NextInt(40) - 8) / 16.0;
            int[] found = Assignment.Maximise(table);
            Assert.Equal(Math.Min(rows, columns), found.Count(column => column != Assignment.None));
            Assert.Equal(Math.Min(rows, columns), found.Where(column => column != Assignment.None).Distinct().Count());
            Assert.True(Assignment.Total(table, found) == Best(table, 1), $"round {round}: largest sum");
            Assert.True(Assignment.Total(table, Assignment.Minimise(table)) == -Best(table, -1), $"round {round}: smallest sum");
        }
    }

    [Fact]
    public void A_large_table_meets_its_dual_bound()
    {
        // Costs r(i) + c(j) have the same sum for every assignment of a square; a cheaper cell per row is then the whole answer.
        const int size = 120;
        double[,] table = new double[size, size];
        for (int i = 0; i < size; i++)
            for (int j = 0; j < size; j++) table[i, j] = i + (2 * j) - ((i * 7) % size == j ? 1 : 0);
        int[] columns = Assignment.Minimise(table);
        Assert.All(Enumerable.Range(0, size), i => Assert.Equal(i * 7 % size, columns[i]));
    }

    [Fact]
    public void Empty_tables_are_answered_and_unending_cells_refused()
    {
        Assert.Empty(Assignment.Minimise(new double[0, 3]));
        Assert.Equal([-1, -1], Assignment.Minimise(new double[2, 0]));
        Assert.Throws<ArgumentException>(() => Assignment.Minimise(new[,] { { double.NaN } }));
    }

    /// <summary>The largest sum of sign · cells over all ways to give each of the fewer side one of the other.</summary>
    private static double Best(double[,] table, int sign)
    {
        int rows = table.GetLength(0), columns = table.GetLength(1);
        return rows <= columns ? Over(0, 0) : OverColumns(0, 0);

        double Over(int row, int taken)
        {
            if (row == rows) return 0;
            double best = double.NegativeInfinity;
            for (int j = 0; j < columns; j++)
                if ((taken >> j & 1) == 0) best = Math.Max(best, (sign * table[row, j]) + Over(row + 1, taken | 1 << j));
            return best;
        }

        double OverColumns(int column, int taken)
        {
            if (column == columns) return 0;
            double best = double.NegativeInfinity;
            for (int i = 0; i < rows; i++)
                if ((taken >> i & 1) == 0) best = Math.Max(best, (sign * table[i, column]) + OverColumns(column + 1, taken | 1 << i));
            return best;
        }
    }
}
