using Orrery.Kernel.Time;

namespace Orrery.Kernel.Solvers;

/// <summary>Solves integer programmes.</summary>
public interface IIntegerSolver
{
    /// <summary>As a user writes it.</summary>
    string Name { get; }

    /// <summary>Why it cannot be used on this machine and what to do, in one sentence; null when it can.</summary>
    string? Absence { get; }

    /// <summary>Solves a programme within limits.</summary>
    /// <param name="programme">What to solve.</param>
    /// <param name="limits">When to stop.</param>
    /// <param name="start">A value for every variable that is known to be feasible; empty: none is known.</param>
    /// <param name="cancel">Ends the search with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="InputException">The solver is absent or refuses the programme.</exception>
    IntegerSolution Solve(IntegerProgramme programme, SolverLimits limits, ReadOnlyMemory<double> start = default, CancellationToken cancel = default);
}

/// <summary>When a solver stops.</summary>
/// <param name="Time">Wall-clock limit; what it found by then counts. A result cut off by time may differ from run to run.</param>
/// <param name="RelativeGap">It stops when no solution can be better by more than this share of the objective.</param>
public sealed record SolverLimits(Duration Time, double RelativeGap = 0);

/// <summary>What a solver says of a programme.</summary>
public enum SolverStatus
{
    /// <summary>Nothing is better, within the gap.</summary>
    Optimal,

    /// <summary>A solution, the best when the limit came.</summary>
    Feasible,

    /// <summary>The limit came before any solution.</summary>
    Unknown,

    /// <summary>No values satisfy the constraints.</summary>
    Infeasible,

    /// <summary>The objective has no limit.</summary>
    Unbounded,
}

/// <summary>Answer of a solver.</summary>
/// <param name="Status">What it says.</param>
/// <param name="Objective">In the sense of the programme; not a number without a solution.</param>
/// <param name="Values">By variable; empty without a solution. Whole where the variable is.</param>
public sealed record IntegerSolution(SolverStatus Status, double Objective, IReadOnlyList<double> Values)
{
    public bool HasValues => Values.Count > 0;
}
