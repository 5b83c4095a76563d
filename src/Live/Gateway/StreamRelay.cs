using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Orrery.Kernel.Time;

namespace Orrery.Live.Gateway;

/// <summary>
/// Relays a stream of server-sent events, each whole and at once, or at the reader's pace. Where the client reads slowly, so does the relay: it
/// holds what the server buffers for a connection and one read from the upstream, with a pace also <see cref="AheadBuffer.Bytes"/>.
/// </summary>
internal sealed class StreamRelay(GatewaySettings settings, TimeProvider time, Dispatcher dispatcher, GatewayMetrics metrics)
{
    public async Task<CallResult> RunAsync(HttpResponseMessage answer, RelayContext relay)
    {
        string name = relay.Flight.Upstream.Name;
        Progress progress = new();
        PipeReader? source = null;
        AheadBuffer? ahead = null;
        Task filling = Task.CompletedTask;
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(relay.Abort);
        try
        {
            Stream body = await answer.Content.ReadAsStreamAsync(relay.Abort);
            PipeReader upstream = source = PipeReader.Create(body);
            if (settings.PaceTokensPerSecond is { } pace)
            {
                PipeReader buffered = (ahead = new()).Reader;
                filling = ahead.FillAsync(
                    () => ReadAsync(upstream, relay, giveUp.Token), upstream, () => dispatcher.End(relay.Flight, AttemptEnd.Succeeded), giveUp.Token);
                await PassAsync(buffered, () => buffered.ReadAsync(relay.Abort), new(pace), answer, relay, progress);
                if (ahead.Fault is { } fault) throw new IOException("the upstream broke off", fault);
            }
            else
            {
                await PassAsync(upstream, () => ReadAsync(upstream, relay, relay.Abort), null, answer, relay, progress);
            }
            if (progress.IsWhole(relay.ClosesItself)) return new(progress.HasError ? AttemptEnd.Broken : AttemptEnd.Succeeded);
        }
        catch (Exception broken) when (UpstreamCall.IsOfConnection(broken))
        {
            // Told below, in the way that is still open.
        }
        finally
        {
            await giveUp.CancelAsync();
            await filling;
            if (source is not null) await source.CompleteAsync();
            if (ahead is not null) await ahead.Reader.CompleteAsync();
        }
        Refusal refusal = Refusals.Broken(name);
        if (!progress.HasStarted) return relay.Failed(refusal, AttemptEnd.Broken, mayRetry: true);
        if (!relay.HasClient) return new(AttemptEnd.Abandoned);
        bool isOurs = relay.Stopping.IsCancellationRequested;
        metrics.Counted(relay.Reason(refusal)).WriteEvent(relay.Http.Response.BodyWriter);
        await relay.Http.Response.BodyWriter.FlushAsync(relay.Http.RequestAborted);
        return new(isOurs ? AttemptEnd.Abandoned : AttemptEnd.Broken);
    }

    private async Task PassAsync(
        PipeReader source, Func<ValueTask<ReadResult>> read, Pacer? pacer, HttpResponseMessage answer, RelayContext relay, Progress progress)
    {
        PipeWriter client = relay.Http.Response.BodyWriter;
        while (true)
        {
            ReadResult result = await read();
            ReadOnlySequence<byte> buffer = result.Buffer;
            while (EventFrames.TryTake(ref buffer, out ReadOnlySequence<byte> serverEvent))
            {
                ChunkFacts facts = ChunkFacts.OfEvent(serverEvent);
                if (!progress.HasStarted) Start(answer, relay, progress);
                if (pacer is not null) await WaitAsync(pacer, facts.Tokens, relay);
                Note(facts, relay, progress);
                foreach (ReadOnlyMemory<byte> segment in serverEvent) client.Put(segment.Span);
                await client.FlushAsync(relay.Abort);
                relay.Http.RequestAborted.ThrowIfCancellationRequested();
            }
            if (buffer.Length > EventFrames.LongestEventBytes) throw new IOException("an event has no end");
            source.AdvanceTo(buffer.Start, result.Buffer.End);
            if (result.IsCompleted) return;
        }
    }

    private void Start(HttpResponseMessage answer, RelayContext relay, Progress progress)
    {
        progress.HasStarted = true;
        relay.Usage.IsServed = true;
        HttpResponse response = relay.Http.Response;
        response.StatusCode = (int)answer.StatusCode;
        Headers.ToClient(answer, response);
        response.Headers.CacheControl = "no-cache";
        relay.Http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        metrics.CountFirstChunk(dispatcher.Now - relay.Flight.Ticket.Sequence.Arrival);
    }

    private void Note(in ChunkFacts facts, RelayContext relay, Progress progress)
    {
        progress.IsDone |= facts.IsDone;
        progress.IsFinished |= facts.IsFinish;
        progress.HasError |= facts.IsError;
        relay.Usage.Add(facts);
        if (facts.IsMalformed) metrics.CountMalformed();
        dispatcher.Count(relay.Flight, facts.Tokens);
    }

    private async ValueTask WaitAsync(Pacer pacer, int tokens, RelayContext relay)
    {
        Instant release = pacer.Release(dispatcher.Now, tokens);
        Duration wait = release - dispatcher.Now;
        if (wait > Duration.Zero) await Alarm.WaitAsync(time, wait, relay.Abort);
    }

    private static async ValueTask<ReadResult> ReadAsync(PipeReader source, RelayContext relay, CancellationToken cancellation)
    {
        ValueTask<ReadResult> read = source.ReadAsync(cancellation);
        if (read.IsCompleted) return await read;
        relay.Silence.Begin();
        ReadResult result = await read;
        relay.Silence.End();
        return result;
    }

    private sealed class Progress
    {
        /// <summary>Something was sent to the client.</summary>
        public bool HasStarted { get; set; }

        public bool IsDone { get; set; }

        public bool IsFinished { get; set; }

        public bool HasError { get; set; }

        /// <summary>A stream that ends without a word may have been cut; one that reported its own error has said enough.</summary>
        public bool IsWhole(bool closesItself) => HasStarted && (IsDone || IsFinished || HasError || !closesItself);
    }
}
