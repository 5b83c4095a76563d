namespace Orrery.Engine.Models;

/// <summary>The rows that a pass was asked for, in the order of its batch. They are valid until the next pass, and only while the transformer is in use: hold on to it while you read them.</summary>
public readonly unsafe struct ForwardResult
{
    private readonly float* _values;

    internal ForwardResult(float* values, int rows, int columns)
    {
        _values = values;
        (Rows, Columns) = (rows, columns);
    }

    public int Rows { get; }

    /// <summary>Numbers of a row: the vocabulary for logits, the width for states.</summary>
    public int Columns { get; }

    public ReadOnlySpan<float> Row(int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(row));
        return new ReadOnlySpan<float>(_values + ((long)row * Columns), Columns);
    }
}
