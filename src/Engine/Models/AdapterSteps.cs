using Orrery.Engine.Kernels.Vectors;

namespace Orrery.Engine.Models;

/// <summary>Adds what adapters change to a product's output, row by row: rows of one batch may have different ones.</summary>
internal sealed unsafe class AdapterSteps
{
    private readonly PassRows _rows;
    private readonly RowRunner _runner;
    private readonly RowStep _step;
    private float* _input, _output;
    private int _inputStride, _outputStride, _layer;
    private AdapterSlot _slot;

    public AdapterSteps(PassRows rows, RowRunner runner)
    {
        (_rows, _runner) = (rows, runner);
        _step = Step;
    }

    /// <param name="layer">From zero.</param>
    /// <param name="slot">Which product it was.</param>
    /// <param name="input">What the product read.</param>
    /// <param name="inputStride">Numbers from one row to the next.</param>
    /// <param name="output">What it wrote.</param>
    /// <param name="outputStride">Numbers from one row to the next.</param>
    public void Apply(int layer, AdapterSlot slot, float* input, int inputStride, float* output, int outputStride)
    {
        if (!_rows.HasAdapters) return;
        (_layer, _slot, _inputStride, _outputStride) = (layer, slot, inputStride, outputStride);
        _input = input;
        _output = output;
        // An adapter touches about rank times as many numbers as the row has; the rank is at least one.
        _runner.Run(_step, _rows.Count, inputStride + outputStride);
    }

    private void Step(int row)
    {
        if (_rows.AdapterOf(row) is not { } adapter) return;
        foreach (LoraPatch patch in adapter.PatchesOf(_layer, _slot))
        {
            var x = new ReadOnlySpan<float>(_input + ((long)row * _inputStride), patch.Columns);
            var y = new Span<float>(_output + ((long)row * _outputStride) + patch.FirstRow, patch.Rows);
            for (int r = 0; r < patch.Rank; r++)
                VectorMath.AddScaled(patch.Up.AsSpan(r * patch.Rows, patch.Rows), patch.Scale * VectorMath.Dot(patch.Down.AsSpan(r * patch.Columns, patch.Columns), x), y);
        }
    }
}
