namespace Krait.Onnx;

/// <summary>A network, or a part of it, that cannot be written as ONNX.</summary>
public sealed class ExportException(string message) : Exception(message);
