using Orrery.Engine.Attention;
using Orrery.Engine.Gguf;
using Orrery.Engine.Kernels;
using Orrery.Engine.Threads;
using Orrery.Kernel;

namespace Orrery.Engine.Models;

/// <summary>A model in memory, ready to run: batches of sequences over paged keys and values.</summary>
/// <remarks>
/// Logits of a token depend on its sequence alone: the bits are the same whatever else is in the batch, however the prompt was cut into pieces and
/// however many threads run. <see cref="ReferenceModel"/> is its plain counterpart. Not for several callers at once.
/// </remarks>
public sealed class Transformer : IDisposable
{
    private const double BytesPerGigabyte = 1e9;

    private readonly WorkerPool _pool;
    private readonly ModelWeights _weights;
    private readonly ForwardPass _pass;
    private readonly int _maxBatchTokens;

    private Transformer(ModelConfig config, ModelWeights weights, WorkerPool pool, int maxBatchTokens)
    {
        (Config, _weights, _pool, _maxBatchTokens) = (config, weights, pool, maxBatchTokens);
        _pass = new ForwardPass(config, weights, pool, maxBatchTokens);
    }

    public ModelConfig Config { get; }

    /// <summary>What a <see cref="KvStore"/> for this model must hold.</summary>
    public KvShape KvShape => Config.KvShape;

    /// <summary>Most tokens of one batch.</summary>
    public int MaxBatchTokens => _maxBatchTokens;

    /// <summary>Threads that share the work.</summary>
    public int Threads => _pool.Workers;

    /// <summary>Bytes of the weights in memory.</summary>
    public long WeightBytes => _weights.ByteCount;

    /// <summary>The matrices that a decoded token goes through; of a mixture, those of all experts.</summary>
    internal IEnumerable<WeightMatrix> Matrices => _weights.Layers.SelectMany(layer => layer.All).Append(_weights.Output).SelectMany(stack => stack.Parts);

    internal WorkerPool Pool => _pool;

    /// <summary>Loads a model: all weights are repacked, so that the file may be closed afterwards.</summary>
    /// <exception cref="InputException">The file holds no model that this engine runs.</exception>
    public static Transformer Load(GgufFile file, TransformerOptions? options = null)
    {
        options ??= new TransformerOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxBatchTokens, 1);
        ModelConfig config = ModelConfig.Read(file, options.ContextLength);
        var pool = new WorkerPool(options.Threads);
        ModelWeights? weights = null;
        try
        {
            weights = new ModelWeights(file, config, pool, options.Instructions);
            return new Transformer(config, weights, pool, options.MaxBatchTokens);
        }
        catch (OutOfMemoryException full)
        {
            weights?.Dispose();
            pool.Dispose();
            throw new InputException($"{file.Name}: there is not enough memory for its weights, about {file.ByteCount / BytesPerGigabyte:0.0} GB; close other programs, or take a smaller model or a narrower type", full);
        }
        catch
        {
            weights?.Dispose();
            pool.Dispose();
            throw;
        }
    }

    /// <summary>Runs a batch: stores its keys and values and gives the logits that it asks for.</summary>
    /// <param name="batch">At most <see cref="MaxBatchTokens"/> tokens.</param>
    /// <param name="kv">Holds the earlier positions of every sequence, and gets the new ones.</param>
    /// <exception cref="ArgumentException">An empty or too large batch, an id out of the vocabulary, or a position beyond the model's context.</exception>
    public ForwardResult Forward(ForwardBatch batch, KvStore kv) => Run(batch, kv, wantsStates: false);

    /// <summary>As <see cref="Forward"/>, but gives the states after the last layer and the final norm: what embeddings are made of.</summary>
    public ForwardResult ForwardStates(ForwardBatch batch, KvStore kv) => Run(batch, kv, wantsStates: true);

    public void Dispose()
    {
        _pass.Dispose();
        _weights.Dispose();
        _pool.Dispose();
    }

    private ForwardResult Run(ForwardBatch batch, KvStore kv, bool wantsStates)
    {
        if (batch.Tokens == 0 || batch.Tokens > _maxBatchTokens) throw new ArgumentException($"a batch has 1 to {_maxBatchTokens} tokens, not {batch.Tokens}", nameof(batch));
        foreach (int id in batch.TokenIds)
            if ((uint)id >= (uint)Config.Vocabulary) throw new ArgumentException($"token id {id} is not in the vocabulary of {Config.Vocabulary}", nameof(batch));
        foreach (ref readonly BatchSequence sequence in batch.Ranges)
        {
            if (sequence.FirstPosition > Config.ContextLength - sequence.Rows)
                throw new ArgumentException($"position {(long)sequence.FirstPosition + sequence.Rows - 1} is beyond the context of {Config.ContextLength}", nameof(batch));
        }
        return _pass.Run(batch, kv, wantsStates);
    }
}
