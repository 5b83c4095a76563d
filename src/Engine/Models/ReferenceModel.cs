using Orrery.Engine.Gguf;
using Orrery.Kernel;

namespace Orrery.Engine.Models;

/// <summary>The forward pass as plain loops: every weight a float, the whole sequence at once, no cache, no vector instruction, one thread.</summary>
/// <remarks>
/// It is the truth that the fast <c>Transformer</c> is held against, and meant to be read from top to bottom. Weights take four bytes each.
/// Sums are kept in double precision, so that its own rounding is far below that of anything compared with it.
/// </remarks>
public sealed class ReferenceModel
{
    private readonly ReferenceLayer[] _layers;
    private readonly float[] _embedding;
    private readonly float[] _finalNorm;
    private readonly float[] _output;

    /// <param name="file">The model; may be closed afterwards.</param>
    /// <param name="contextLength">See <see cref="ModelConfig.Read"/>.</param>
    /// <exception cref="InputException">The file holds no model that this engine runs.</exception>
    public ReferenceModel(GgufFile file, int? contextLength = null)
    {
        Config = ModelConfig.Read(file, contextLength);
        ModelTensors tensors = ModelTensors.Find(file, Config);
        _embedding = tensors.Embedding.ToSingles();
        _output = tensors.IsTied ? _embedding : tensors.Output.ToSingles();
        _finalNorm = tensors.FinalNorm;
        _layers = [.. tensors.Layers.Select(layer => new ReferenceLayer(layer))];
    }

    public ModelConfig Config { get; }

    /// <summary>The logits after every token of a sequence.</summary>
    public float[][] Logits(ReadOnlySpan<int> tokens) => [.. Hidden(tokens).Select(LogitsOf)];

    /// <summary>The logits after the last token of a sequence.</summary>
    public float[] LastLogits(ReadOnlySpan<int> tokens) => LogitsOf(Hidden(tokens)[^1]);

    /// <summary>The state of every token after the last layer and the final norm.</summary>
    public float[][] Hidden(ReadOnlySpan<int> tokens)
    {
        float[][] states = new float[tokens.Length][];
        for (int t = 0; t < tokens.Length; t++)
        {
            states[t] = _embedding.AsSpan(tokens[t] * Config.Width, Config.Width).ToArray();
            for (int i = 0; i < Config.Width; i++) states[t][i] *= Config.EmbeddingScale;
        }
        for (int layer = 0; layer < Config.Layers; layer++)
        {
            Attend(layer, states);
            foreach (float[] state in states) FeedForward(_layers[layer], state);
        }
        return [.. states.Select(state => Norm(state, _finalNorm))];
    }

    private float[] LogitsOf(float[] hidden)
    {
        float[] logits = Product(_output, 0, Config.Vocabulary, hidden);
        if (Config.LogitSoftCap > 0f) Array.ForEach([.. Enumerable.Range(0, logits.Length)], i => logits[i] = SoftCap(logits[i], Config.LogitSoftCap));
        return logits;
    }

    /// <summary>Attention of one layer over the whole sequence, added to the states.</summary>
    private void Attend(int index, float[][] states)
    {
        ModelConfig c = Config;
        ReferenceLayer layer = _layers[index];
        float[][] queries = new float[states.Length][], keys = new float[states.Length][], values = new float[states.Length][];
        var rotary = new ReferenceRotary(c.RopeOf(index));
        for (int t = 0; t < states.Length; t++)
        {
            float[] all = Product(layer.QueryKeyValue, 0, c.QueryKeyValueRows, Norm(states[t], layer.Tensors.AttentionNorm));
            AddTo(all, layer.Tensors.QueryKeyValueBias);
            queries[t] = all[..c.QueryRows];
            keys[t] = all[c.QueryRows..(c.QueryRows + c.KeyRows)];
            values[t] = all[(c.QueryRows + c.KeyRows)..];
            for (int head = 0; head < c.Heads; head++) Turn(queries[t].AsSpan(head * c.KeySize, c.KeySize), layer.Tensors.QueryNorm, rotary, t);
            for (int head = 0; head < c.KvHeads; head++) Turn(keys[t].AsSpan(head * c.KeySize, c.KeySize), layer.Tensors.KeyNorm, rotary, t);
        }
        for (int t = 0; t < states.Length; t++)
        {
            int first = c.Windows[index] > 0 ? Math.Max(0, t - c.Windows[index] + 1) : 0;
            float[] attended = new float[c.AttendedWidth];
            for (int head = 0; head < c.Heads; head++) AttendHead(head, queries[t], keys, values, first, t, attended);
            float[] added = Product(layer.AttentionOutput, 0, c.Width, attended);
            AddTo(added, layer.Tensors.AttentionOutputBias);
            AddTo(states[t], layer.Tensors.AttentionPostNorm is { } norm ? Norm(added, norm) : added);
        }
    }

    /// <summary>Softmax of scaled scores over the positions [first, last], applied to the values.</summary>
    private void AttendHead(int head, float[] query, float[][] keys, float[][] values, int first, int last, float[] attended)
    {
        ModelConfig c = Config;
        int kvHead = head / (c.Heads / c.KvHeads);
        double[] weights = new double[last - first + 1];
        for (int p = first; p <= last; p++)
        {
            double score = 0;
            for (int i = 0; i < c.KeySize; i++) score += (double)query[(head * c.KeySize) + i] * keys[p][(kvHead * c.KeySize) + i];
            float scaled = (float)score * c.AttentionScale;
            weights[p - first] = c.AttentionSoftCap > 0f ? SoftCap(scaled, c.AttentionSoftCap) : scaled;
        }
        Softmax(weights);
        for (int i = 0; i < c.ValueSize; i++)
        {
            double sum = 0;
            for (int p = first; p <= last; p++) sum += weights[p - first] * values[p][(kvHead * c.ValueSize) + i];
            attended[(head * c.ValueSize) + i] = (float)sum;
        }
    }

    private void Turn(Span<float> head, float[]? norm, ReferenceRotary rotary, int position)
    {
        if (norm is not null) Norm(head, norm).CopyTo(head);
        rotary.Apply(head, position);
    }

    /// <summary>The gated feed-forward layer of one token, added to its state.</summary>
    private void FeedForward(ReferenceLayer layer, float[] state)
    {
        float[] input = Norm(state, layer.Tensors.FeedForwardNorm);
        float[] added = layer.Router is null ? Gated(layer, input, expert: 0) : Mixture(layer, input);
        AddTo(state, layer.Tensors.FeedForwardPostNorm is { } norm ? Norm(added, norm) : added);
    }

    /// <summary>The most probable experts' outputs, weighted by their probabilities, which are made to sum to one.</summary>
    private float[] Mixture(ReferenceLayer layer, float[] input)
    {
        double[] probabilities = [.. Product(layer.Router!, 0, Config.Experts, input).Select(score => (double)score)];
        Softmax(probabilities);
        // A stable sort: of equal experts the first is taken.
        int[] chosen = [.. Enumerable.Range(0, Config.Experts).OrderByDescending(expert => probabilities[expert]).Take(Config.ExpertsUsed)];
        double total = chosen.Sum(expert => probabilities[expert]);
        float[] sum = new float[Config.Width];
        foreach (int expert in chosen)
        {
            float[] output = Gated(layer, input, expert);
            for (int i = 0; i < sum.Length; i++) sum[i] += (float)(probabilities[expert] / total) * output[i];
        }
        return sum;
    }

    private float[] Gated(ReferenceLayer layer, float[] input, int expert)
    {
        int inner = Config.FeedForward;
        int experts = Math.Max(1, Config.Experts);
        float[] gate = Product(layer.GateUp, expert * inner, inner, input);
        float[] up = Product(layer.GateUp, (experts + expert) * inner, inner, input);
        if (layer.Tensors.GateUpBias is { } bias)
        {
            AddTo(gate, bias[..inner]);
            AddTo(up, bias[inner..]);
        }
        for (int i = 0; i < inner; i++) gate[i] = Activate(gate[i]) * up[i];
        float[] output = Product(layer.Down, expert * Config.Width, Config.Width, gate);
        AddTo(output, layer.Tensors.DownBias);
        return output;
    }

    private float Activate(float x)
    {
        if (Config.Family.Gate == GateFunction.Silu) return (float)(x / (1 + Math.Exp(-x)));
        // GELU's tanh form with its published constant (Hendrycks and Gimpel 2016, section 2 (b)).
        const double cubic = 0.044715;
        return (float)(0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (cubic * x * x * x)))));
    }

    /// <summary>Rows [first, first + rows) of a matrix, each times x. All the time is spent here.</summary>
    private static float[] Product(float[] matrix, int first, int rows, float[] x)
    {
        float[] y = new float[rows];
        for (int r = 0; r < rows; r++)
        {
            ReadOnlySpan<float> row = matrix.AsSpan((first + r) * x.Length, x.Length);
            // Four sums, since each addition waits for the one before it.
            double a = 0, b = 0, c = 0, d = 0;
            int i = 0;
            for (; i + 3 < x.Length; i += 4)
            {
                a += (double)row[i] * x[i];
                b += (double)row[i + 1] * x[i + 1];
                c += (double)row[i + 2] * x[i + 2];
                d += (double)row[i + 3] * x[i + 3];
            }
            for (; i < x.Length; i++) a += (double)row[i] * x[i];
            y[r] = (float)(a + b + (c + d));
        }
        return y;
    }

    /// <summary>x over its root mean square, times a weight a dimension.</summary>
    private float[] Norm(ReadOnlySpan<float> x, float[] weight)
    {
        double squares = 0;
        foreach (float value in x) squares += (double)value * value;
        double scale = 1 / Math.Sqrt((squares / x.Length) + Config.NormEpsilon);
        float[] y = new float[x.Length];
        for (int i = 0; i < y.Length; i++) y[i] = (float)(x[i] * scale) * weight[i];
        return y;
    }

    private static float SoftCap(float x, float cap) => cap * MathF.Tanh(x / cap);

    private static void Softmax(double[] x)
    {
        double most = x.Max(), total = 0;
        for (int i = 0; i < x.Length; i++) total += x[i] = Math.Exp(x[i] - most);
        for (int i = 0; i < x.Length; i++) x[i] /= total;
    }

    private static void AddTo(float[] x, float[]? added)
    {
        for (int i = 0; i < added?.Length; i++) x[i] += added[i];
    }
}
