using Orrery.Kernel.Random;
using Orrery.Kernel.Solvers;
using Orrery.Kernel.Time;

namespace Orrery.Kernel.Tests.Solvers;

public class CbcSolverTests
{
    private static readonly SolverLimits Limits = new(Duration.FromSeconds(20));

    private readonly CbcSolver _cbc = new();

    [Fact]
    public void AKnapsackIsFilledBest()
    {
        Needs(_cbc);
        // Values 10, 13, 7, 8; weights 3, 4, 2, 3; room 7: the first two (23).
        IntegerProgramme knapsack = new() { Maximise = true };
        int[] items = [knapsack.AddBinary("a", 10), knapsack.AddBinary("b", 13), knapsack.AddBinary("c", 7), knapsack.AddBinary("d", 8)];
        knapsack.AddConstraint("room", Relation.AtMost, 7, new(items[0], 3), new(items[1], 4), new(items[2], 2), new(items[3], 3));
        IntegerSolution solution = _cbc.Solve(knapsack, Limits, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(SolverStatus.Optimal, solution.Status);
        Assert.Equal(23, solution.Objective, 6);
        Assert.Equal([1, 1, 0, 0], solution.Values);
    }

    [Fact]
    public void WholeAndRealVariablesGoTogether()
    {
        Needs(_cbc);
        // min 3x + 2y, x whole, x + y >= 3.5, y <= 1.25, x >= -5: x = 3 (2.25 rounded up), y = 0.5: 10.
        IntegerProgramme mixed = new();
        int x = mixed.AddVariable("x", -5, double.PositiveInfinity, true, 3);
        int y = mixed.AddVariable("y", double.NegativeInfinity, 1.25, false, 2);
        mixed.AddConstraint("sum", Relation.AtLeast, 3.5, new(x, 1), new(y, 0.5), new(y, 0.5));
        mixed.AddConstraint("floor", Relation.AtLeast, 0, new Term(y, 1));
        IntegerSolution solution = _cbc.Solve(mixed, Limits, new double[] { 4, 0 }, TestContext.Current.CancellationToken);
        Assert.Equal(10, solution.Objective, 6);
        Assert.Equal(3, solution.Values[0]);
        Assert.Equal(0.5, solution.Values[1], 6);
        Assert.Null(mixed.Violation([.. solution.Values]));
    }

    [Fact]
    public void WhatCannotBeSolvedIsSaid()
    {
        Needs(_cbc);
        IntegerProgramme impossible = new();
        int x = impossible.AddBinary("x", 1);
        impossible.AddConstraint("too much", Relation.AtLeast, 2, new Term(x, 1));
        Assert.Equal(SolverStatus.Infeasible, _cbc.Solve(impossible, Limits, cancel: TestContext.Current.CancellationToken).Status);
        // 2x = 1 has a real solution and no whole one.
        IntegerProgramme half = new();
        int y = half.AddVariable("y", 0, 10, true, 1);
        half.AddConstraint("half", Relation.Equal, 1, new Term(y, 2));
        Assert.Equal(SolverStatus.Infeasible, _cbc.Solve(half, Limits, cancel: TestContext.Current.CancellationToken).Status);
    }

    [Fact]
    public void RandomProgrammesAgreeWithTryingEverything()
    {
        Needs(_cbc);
        RandomStream random = RandomStream.Root(5).Split("programmes");
        for (int round = 0; round < 8; round++)
        {
            IntegerProgramme programme = new() { Maximise = true };
            for (int i = 0; i < 5; i++) programme.AddVariable($"x{i}", 0, 3, true, random.NextInt(20) - 5);
            for (int row = 0; row < 3; row++)
            {
                Term[] terms = [.. Enumerable.Range(0, 5).Select(i => new Term(i, random.NextInt(9) - 2))];
                programme.AddConstraint($"row {row}", Relation.AtMost, 5 + random.NextInt(15), terms);
            }
            double best = double.NegativeInfinity;
            for (int point = 0; point < 1024; point++)
            {
                double[] values = [.. Enumerable.Range(0, 5).Select(i => (double)((point >> (2 * i)) & 3))];
                if (programme.Violation(values) is null) best = Math.Max(best, programme.Objective(values));
            }
            IntegerSolution solution = _cbc.Solve(programme, Limits, cancel: TestContext.Current.CancellationToken);
            Assert.Equal(best, solution.Objective, 6);
            Assert.Null(programme.Violation([.. solution.Values]));
        }
    }

    [Fact]
    public void AnAbsentSolverSaysWhatToDo()
    {
        CbcSolver absent = new("no-such-solver");
        Assert.Contains("coinor-cbc", absent.Absence, StringComparison.Ordinal);
        InputException error = Assert.Throws<InputException>(() => absent.Solve(new IntegerProgramme(), Limits));
        Assert.Equal(absent.Absence, error.Message);
    }

    [Fact]
    public void ATimeBeyondTheLongestIsRefusedBeforeItStarts()
    {
        InputException error = Assert.Throws<InputException>(() => _cbc.Solve(new IntegerProgramme(), new SolverLimits(Duration.FromHours(1000))));
        Assert.Contains("at most", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileThatIsNoProgramIsExplained()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("orrery-no-cbc-");
        try
        {
            string file = Path.Combine(folder.FullName, "cbc");
            File.WriteAllText(file, "no program");
            CbcSolver solver = new(file);
            if (!OperatingSystem.IsWindows())
            {
                Assert.Contains("not installed", solver.Absence, StringComparison.Ordinal);
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            }
            Assert.Contains(file, Assert.Throws<InputException>(() => solver.Solve(new IntegerProgramme(), Limits)).Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void TheFileIsMps()
    {
        IntegerProgramme programme = new() { Maximise = true };
        int x = programme.AddVariable("x", 0, 4, true, 1.5);
        int y = programme.AddVariable("y", double.NegativeInfinity, double.PositiveInfinity, false);
        programme.AddConstraint("link", Relation.Equal, 0, new(x, 1), new(y, -1));
        StringWriter text = new();
        MpsWriter.Write(programme, text);
        string[] lines = [.. text.ToString().ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '*')];
        Assert.Equal(
            [
                "NAME orrery FREE", "ROWS", " N cost", " E r0", "COLUMNS", " marker0 'MARKER' 'INTORG'", " x0 cost -1.5", " x0 r0 1",
                " marker1 'MARKER' 'INTEND'", " x1 r0 -1", "RHS", "BOUNDS", " LO bound x0 0", " UP bound x0 4", " FR bound x1", "ENDATA",
            ],
            lines);
    }

    [Fact]
    public void AnswersAreRead()
    {
        IntegerProgramme programme = new() { Maximise = true };
        programme.AddVariable("x", 0, 4, true, 2);
        programme.AddVariable("y", 0, 4, false, 1);
        IntegerSolution cut = CbcSolver.Read(programme, ["Stopped on time - objective value -7.5", "      0 x0   2.9999999   0", "**      1 x1   1.5   0"]);
        Assert.Equal(SolverStatus.Feasible, cut.Status);
        Assert.Equal([3, 1.5], cut.Values);
        Assert.Equal(7.5, cut.Objective);
        Assert.Equal(SolverStatus.Unknown, CbcSolver.Read(programme, ["Stopped on time (no integer solution - continuous used) - objective value 3"]).Status);
        Assert.Equal(SolverStatus.Infeasible, CbcSolver.Read(programme, ["Integer infeasible - objective value 0.0"]).Status);
        Assert.Throws<InputException>(() => CbcSolver.Read(programme, ["hello"]));
    }

    private static void Needs(CbcSolver solver) => Assert.SkipUnless(solver.Absence is null, solver.Absence ?? "");
}
