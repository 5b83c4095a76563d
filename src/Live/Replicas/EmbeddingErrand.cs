using Orrery.Engine.Models;

namespace Orrery.Live.Replicas;

/// <summary>An embedding that somebody waits for.</summary>
/// <remarks>The mean of the last states: what decoders that were not trained for embeddings do least badly (our choice, d).</remarks>
internal sealed class EmbeddingErrand(Transformer model, int[] tokens, string abandoned, CancellationToken cancellation) : IEngineErrand
{
    private readonly TaskCompletionSource<float[]> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<float[]> Result => _result.Task;

    public void Run()
    {
        if (cancellation.IsCancellationRequested)
        {
            _result.TrySetCanceled(cancellation);
            return;
        }
#pragma warning disable CA1031 // Whoever asked gets whatever was thrown.
        try
        {
            _result.TrySetResult(Embedding.Of(model, tokens, EmbeddingPooling.Mean));
        }
        catch (Exception error)
        {
            _result.TrySetException(error);
        }
#pragma warning restore CA1031
    }

    public void Abandon() => _result.TrySetException(new Streams.ModelUnavailableException(abandoned));
}
