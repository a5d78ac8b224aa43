@COMMON@
@REGION@
;; Of each choice its preset (none: empty) and its engine.
(setf sb-compared '@COMPARED@)

(defun sb-choice (preset engine model)
  (format nil "{\"preset\":~a,\"engine\":~a,\"model\":~a}"
    (sb-text preset) (sb-text engine) (if model (sb-text model) "null")))

(defun sb-chosen ()
  (let ((found nil))
    (dolist (place (list one two three four))
      (let ((row (nth place sb-compared)))
        (when (string/= (first row) "")
          (setf found (cons (sb-choice (first row) (second row) nil) found)))))
    (dolist (name (sb-words models '(#\;) t))
      (setf found (cons (sb-choice "" "auto" name) found)))
    (reverse found)))

(defun sb-compare (tracks)
  (let ((chosen (sb-chosen)))
    (if (or (< (length chosen) 2) (> (length chosen) @MOST@))
        "Choose 2 to @MOST@ presets or models to be compared."
        (sb-ask "compare"
          (format nil "\"choices\":[~a],\"original\":\"~a\""
            (sb-join chosen ",") (nth original '("leave" "mute" "replace")))
          0 tracks))))

(sb-guarded (sb-at-the-last-track #'sb-compare))
