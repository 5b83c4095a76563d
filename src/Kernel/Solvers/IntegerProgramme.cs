namespace Orrery.Kernel.Solvers;

/// <summary>How the sum of a constraint relates to its bound.</summary>
public enum Relation
{
    AtMost,
    Equal,
    AtLeast,
}

/// <summary>One variable with its weight in a sum.</summary>
/// <param name="Variable">Index that <see cref="IntegerProgramme.AddVariable"/> answered.</param>
/// <param name="Weight">Its factor.</param>
public readonly record struct Term(int Variable, double Weight);

/// <summary>A mixed-integer linear programme: variables with bounds, linear constraints, one linear objective.</summary>
public sealed class IntegerProgramme
{
    private readonly List<ProgrammeVariable> _variables = [];
    private readonly List<ProgrammeConstraint> _constraints = [];

    /// <summary>Every variable by index.</summary>
    public IReadOnlyList<ProgrammeVariable> Variables => _variables;

    /// <summary>Every constraint by index.</summary>
    public IReadOnlyList<ProgrammeConstraint> Constraints => _constraints;

    /// <summary>True: the objective is to be as large as possible; false: as small.</summary>
    public bool Maximise { get; init; }

    /// <summary>Adds a variable and answers its index.</summary>
    /// <param name="name">For people and for the file.</param>
    /// <param name="lower">Smallest value; finite or minus infinity.</param>
    /// <param name="upper">Largest value; finite or infinity.</param>
    /// <param name="isInteger">It takes whole values alone.</param>
    /// <param name="objective">Its weight in the objective.</param>
    /// <exception cref="ArgumentException">The bounds cross or are no numbers.</exception>
    public int AddVariable(string name, double lower, double upper, bool isInteger, double objective = 0)
    {
        if (!(lower <= upper)) throw new ArgumentException($"{name}: the bounds {lower} and {upper} leave no value", nameof(lower));
        _variables.Add(new ProgrammeVariable(name, lower, upper, isInteger, objective));
        return _variables.Count - 1;
    }

    /// <summary>Adds a variable that is 0 or 1.</summary>
    public int AddBinary(string name, double objective = 0) => AddVariable(name, 0, 1, true, objective);

    /// <summary>Requires that a sum of weighted variables relates to a bound; a variable may stand in several terms.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A variable does not exist.</exception>
    public void AddConstraint(string name, Relation relation, double bound, params ReadOnlySpan<Term> terms)
    {
        foreach (Term term in terms) ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)term.Variable, (uint)_variables.Count, nameof(terms));
        _constraints.Add(new ProgrammeConstraint(name, relation, bound, terms.ToArray()));
    }

    /// <summary>The objective at given values.</summary>
    public double Objective(ReadOnlySpan<double> values)
    {
        double sum = 0;
        for (int i = 0; i < _variables.Count; i++) sum += _variables[i].Objective * values[i];
        return sum;
    }

    /// <summary>Names what given values violate by more than a tolerance; null when they satisfy everything.</summary>
    public string? Violation(ReadOnlySpan<double> values, double tolerance = 1e-6)
    {
        for (int i = 0; i < _variables.Count; i++)
        {
            ProgrammeVariable variable = _variables[i];
            if (values[i] < variable.Lower - tolerance || values[i] > variable.Upper + tolerance) return variable.Name;
            if (variable.IsInteger && Math.Abs(values[i] - Math.Round(values[i])) > tolerance) return variable.Name;
        }
        foreach (ProgrammeConstraint constraint in _constraints)
        {
            double sum = 0;
            foreach (Term term in constraint.Terms) sum += term.Weight * values[term.Variable];
            double scale = tolerance * Math.Max(1, Math.Abs(constraint.Bound));
            if (constraint.Relation != Relation.AtLeast && sum > constraint.Bound + scale) return constraint.Name;
            if (constraint.Relation != Relation.AtMost && sum < constraint.Bound - scale) return constraint.Name;
        }
        return null;
    }
}

/// <summary>A variable of an <see cref="IntegerProgramme"/>.</summary>
public sealed record ProgrammeVariable(string Name, double Lower, double Upper, bool IsInteger, double Objective);

/// <summary>A constraint of an <see cref="IntegerProgramme"/>.</summary>
public sealed record ProgrammeConstraint(string Name, Relation Relation, double Bound, IReadOnlyList<Term> Terms);
