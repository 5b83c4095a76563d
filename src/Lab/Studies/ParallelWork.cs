using System.Runtime.ExceptionServices;

namespace Orrery.Lab.Studies;

/// <summary>A list of independent pieces of work on several threads.</summary>
internal static class ParallelWork
{
    /// <summary>
    /// Begins the pieces in order, each once. After a failure no further piece begins, and the failure of the earliest piece is thrown as it
    /// was. After a cancellation it simply returns.
    /// </summary>
    public static void ForEach(int count, int workers, Action<int> work, CancellationToken cancel)
    {
        var failures = new ExceptionDispatchInfo?[count];
        int next = -1;
        bool hasFailed = false;
        void Loop()
        {
            while (!cancel.IsCancellationRequested && !Volatile.Read(ref hasFailed))
            {
                int index = Interlocked.Increment(ref next);
                if (index >= count) return;
                try
                {
                    work(index);
                }
                catch (OperationCanceledException) when (cancel.IsCancellationRequested)
                {
                    return;
                }
                catch (Exception failure)
                {
                    failures[index] = ExceptionDispatchInfo.Capture(failure);
                    Volatile.Write(ref hasFailed, true);
                }
            }
        }
        // Runs are long and never wait, so each worker gets a thread of its own; the caller is one of them.
        Thread[] threads = [.. Enumerable.Range(1, Math.Max(0, Math.Min(workers, count) - 1)).Select(_ => new Thread(Loop) { IsBackground = true })];
        foreach (Thread thread in threads) thread.Start();
        Loop();
        foreach (Thread thread in threads) thread.Join();
        failures.FirstOrDefault(failure => failure is not null)?.Throw();
    }
}
