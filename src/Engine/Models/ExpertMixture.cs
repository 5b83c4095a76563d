using Orrery.Engine.Kernels;
using Orrery.Engine.Kernels.Vectors;

namespace Orrery.Engine.Models;

/// <summary>A feed-forward layer of which every token uses a few experts: one product per expert over the rows that chose it.</summary>
/// <remarks>
/// Routing: softmax over all experts, the best k, their probabilities made to sum to one (Mixtral, Jiang et al. 2024, section 2.1, and Qwen3 (b)). A
/// row's experts are added in the order of their numbers, whatever else is in the batch, so that its bits do not depend on the batch.
/// </remarks>
internal sealed unsafe class ExpertMixture
{
    private readonly ModelConfig _config;
    private readonly ForwardBuffers _buffers;
    private readonly Activations _input;
    private readonly MatrixProduct _product;
    private readonly RowRunner _runner;
    private readonly RowStep _route, _gather, _gate, _scatter;

    /// <summary>[rows, used]: which experts a row chose, and how much of each it takes.</summary>
    private readonly int[] _chosen;
    private readonly float[] _shares;
    private readonly int[] _members;
    private readonly float[] _memberShares;

    public ExpertMixture(ModelConfig config, ForwardBuffers buffers, Activations input, MatrixProduct product, RowRunner runner)
    {
        (_config, _buffers, _input, _product, _runner) = (config, buffers, input, product, runner);
        (_route, _gather, _gate, _scatter) = (Route, Gather, Gate, Scatter);
        _chosen = new int[buffers.Rows * config.ExpertsUsed];
        _shares = new float[_chosen.Length];
        _members = new int[buffers.Rows];
        _memberShares = new float[buffers.Rows];
    }

    /// <summary>Adds the layer's output to the states of the first rows, whose normalised states it reads.</summary>
    public void Run(LayerWeights layer, int rows)
    {
        int width = _config.Width, inner = _config.FeedForward;
        _input.Load(_buffers.Normed, rows, width, width);
        layer.Router!.Multiply(_product, _input, _buffers.Scores, _config.Experts);
        _runner.Run(_route, rows, _config.Experts);
        for (int expert = 0; expert < _config.Experts; expert++)
        {
            int count = MembersOf(expert, rows);
            if (count == 0) continue;
            _runner.Run(_gather, count, width);
            _input.Load(_buffers.Delta, count, width, width);
            layer.Experts![expert].GateUp.Multiply(_product, _input, _buffers.Gated, 2 * inner);
            _runner.Run(_gate, count, 2 * inner);
            _input.Load(_buffers.Gated, count, inner, 2 * inner);
            layer.Experts[expert].Down.Multiply(_product, _input, _buffers.Delta, width);
            _runner.Run(_scatter, count, width);
        }
    }

    /// <summary>Lists the rows that chose an expert.</summary>
    private int MembersOf(int expert, int rows)
    {
        int count = 0, used = _config.ExpertsUsed;
        for (int row = 0; row < rows; row++)
        {
            int place = Array.IndexOf(_chosen, expert, row * used, used);
            if (place < 0) continue;
            (_members[count], _memberShares[count]) = (row, _shares[place]);
            count++;
        }
        return count;
    }

    /// <summary>Chooses a row's experts; of equal ones the first.</summary>
    private void Route(int row)
    {
        Span<float> probabilities = Row(_buffers.Scores, row, _config.Experts);
        VectorMath.Softmax(probabilities);
        int used = _config.ExpertsUsed;
        float total = 0f;
        for (int i = 0; i < used; i++)
        {
            int best = 0;
            for (int expert = 1; expert < probabilities.Length; expert++)
                if (probabilities[expert] > probabilities[best]) best = expert;
            _chosen[(row * used) + i] = best;
            _shares[(row * used) + i] = probabilities[best];
            total += probabilities[best];
            probabilities[best] = -1f;
        }
        for (int i = 0; i < used; i++) _shares[(row * used) + i] /= total;
    }

    /// <summary>Copies the rows that chose an expert side by side.</summary>
    private void Gather(int member) => Row(_buffers.Normed, _members[member], _config.Width).CopyTo(Row(_buffers.Delta, member, _config.Width));

    private void Scatter(int member) =>
        VectorMath.AddScaled(Row(_buffers.Delta, member, _config.Width), _memberShares[member], Row(_buffers.State, _members[member], _config.Width));

    private void Gate(int row) => GateFunctions.Apply(_config.Family.Gate, Row(_buffers.Gated, row, 2 * _config.FeedForward));

    private static Span<float> Row(float* rows, int row, int columns) => new(rows + ((long)row * columns), columns);
}
